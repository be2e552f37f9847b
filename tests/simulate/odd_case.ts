// What a test of one quirk looks at beside a session.

import type { Play, PlayOptions } from "./quirk_play.ts";
import type { Tee } from "./tee.ts";

export interface OddCase extends PlayOptions {
  /** One of the frames that the charger sends. */
  readonly shows?: RegExp;
  /** What the bytes on the wire show. */
  readonly wire?: (tee: Tee) => boolean;
  /** Default: a card the proxy lets charge. */
  readonly idTag?: string;
  /** False: no session is played. */
  readonly session?: false;
  /** False: what the backend is told of it is looked at in `after`. */
  readonly books?: false;
  readonly before?: (play: Play) => Promise<void>;
  readonly after?: (play: Play) => Promise<void>;
  /** The energy that the backend is told, where it is not what the charger metered, Wh. */
  readonly energyWh?: (play: Play) => number;
}
