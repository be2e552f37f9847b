// What may be odd about a charger: one quirk is one small declared change of how it behaves.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { Action } from "../ocpp/types.ts";
import type { VirtualCharger } from "./charger.ts";
import type { Coding, ExtraCall } from "./manner.ts";
import type { DialOptions } from "./web_socket.ts";

/** A function for some actions, `*` for all others. */
export type PerAction<F> = { readonly [A in Action | "*"]?: F };

/** What a charger does beyond messages. */
export interface Traits {
  /** A restart leaves transactions running. */
  readonly transactionsSurviveRestart: boolean;
  /** A restart clears charging profiles. */
  readonly limitsForgottenAtRestart: boolean;
  /** Its HeartbeatInterval stays, whatever BootNotification.conf says. */
  readonly keepsHeartbeat: boolean;
  /** Wall-clock milliseconds between its own WebSocket pings; 0: none. */
  readonly pingEveryMs: number;
  /** Wall-clock milliseconds after which a second connection is opened over the first; 0: never. */
  readonly overlapAfterMs: number;
}

/** A proper charger's. */
export const PROPER_TRAITS: Traits = {
  transactionsSurviveRestart: false,
  limitsForgottenAtRestart: false,
  keepsHeartbeat: false,
  pingEveryMs: 0,
  overlapAfterMs: 0,
};

/** One oddity seen in real equipment. Everything but the first four fields is a change. */
export interface Quirk {
  readonly name: string;
  /** Who does it, as `--quirk` names them too. */
  readonly brands: readonly string[];
  /** What it does, in one line. */
  readonly does: string;
  /** Where it was reported: `owner/repository#issue`, or what else is known. */
  readonly source: string;
  /** Configuration keys that have these values from the beginning. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly traits?: Partial<Traits>;
  /** How it dials; `attempt` counts from 0. */
  readonly dial?: (dial: DialOptions, attempt: number) => DialOptions;
  /** The payloads of its CALLs. */
  readonly says?: PerAction<(payload: JsonObject, charger: VirtualCharger) => JsonObject>;
  /** CALLs it never sends: the confirmation it acts upon instead; undefined: this one is sent. */
  readonly withholds?: PerAction<
    (payload: JsonObject, charger: VirtualCharger) => JsonObject | undefined
  >;
  /** CALLs it sends behind another one; their answers do not matter to it. */
  readonly adds?: PerAction<(payload: JsonObject, charger: VirtualCharger) => ExtraCall[]>;
  /** How it understands a command. */
  readonly hears?: PerAction<(request: JsonObject) => JsonObject>;
  /** What it answers in place of obeying; throws Refusal; undefined: it obeys. */
  readonly instead?: PerAction<
    (request: JsonObject, charger: VirtualCharger) => JsonObject | "silence" | undefined
  >;
  /** How it words its answer after having obeyed. */
  readonly answers?: PerAction<(answer: JsonObject) => JsonObject>;
  /** What it does once it has answered, or has not. */
  readonly then?: PerAction<(request: JsonObject, charger: VirtualCharger) => void>;
  /** What it does on its own, every simulated second or so. */
  readonly ticks?: (charger: VirtualCharger) => void;
  /** Every frame as it is written in the end: none, one or several in its place. */
  readonly frames?: (text: string) => readonly string[];
  readonly coding?: Coding;
  /** Makes a source of message ids; `action` is that of the CALL. */
  readonly ids?: () => (action: string) => MessageId;
}
