// Every fault that the program has to endure, in its full size.

import { moveClock } from "../../tests/process/faults/clock.ts";
import { floodConnections } from "../../tests/process/faults/connection_flood.ts";
import { canCutCable, cutCable } from "../../tests/process/faults/cut_cable.ts";
import { type Damage, damageDatabase } from "../../tests/process/faults/damaged_database.ts";
import { drain } from "../../tests/process/faults/drain.ts";
import { flap } from "../../tests/process/faults/flapping.ts";
import { sendFragments } from "../../tests/process/faults/fragments.ts";
import { canMount, fillDisk } from "../../tests/process/faults/full_disk.ts";
import { guessPasswords, guessTransactionIds } from "../../tests/process/faults/guessing.ts";
import { fallSilent } from "../../tests/process/faults/half_open.ts";
import { hasBroker, loseHouse } from "../../tests/process/faults/house_away.ts";
import { killUnderLoad } from "../../tests/process/faults/kills.ts";
import { lockDatabase } from "../../tests/process/faults/locked_database.ts";
import { loseWifi } from "../../tests/process/faults/lost_wifi.ts";
import type { Outcome } from "../../tests/process/faults/outcome.ts";
import { losePower } from "../../tests/process/faults/power_loss.ts";
import { replaySession } from "../../tests/process/faults/replayed_session.ts";
import { restartInSession } from "../../tests/process/faults/restarts.ts";
import { slowConsumer } from "../../tests/process/faults/slow_consumer.ts";
import { slowDisk } from "../../tests/process/faults/slow_disk.ts";
import { canPreload } from "../../tests/process/support/preload.ts";
import type { Random } from "../../tests/process/support/random.ts";

/** What a part is given. */
export interface Ground {
  /** The program as one file. */
  readonly script: string;
  readonly random: Random;
}

export interface Part {
  /** Whether the machine allows it; what is missing is said by itself. Absent: always. */
  readonly possible?: () => boolean;
  run(ground: Ground): Promise<Outcome>;
}

const KILLS = Number(Deno.env.get("KILLS") ?? 200);
const DAMAGES: readonly Damage[] = ["page", "page", "page", "header", "text"];

export const PARTS: Readonly<Record<string, Part>> = {
  "kill -9": { run: (ground) => killUnderLoad({ ...ground, kills: KILLS }) },
  "power loss": {
    possible: canPreload,
    run: (ground) => losePower({ ...ground, messages: 2_000, losses: 4_000 }),
  },
  "restart": { run: (ground) => restartInSession({ ...ground, restarts: 20 }) },
  "stop": { run: (ground) => drain({ ...ground, stops: 20 }) },
  "disk full": {
    possible: canMount,
    run: ({ script, random }) => fillDisk({ script, seed: random.seed, rounds: 10 }),
  },
  "disk slow": {
    possible: canPreload,
    run: (ground) => slowDisk({ ...ground, forMs: 40_000, longestMs: 5_000 }),
  },
  "locked": { run: (ground) => lockDatabase({ ...ground, locks: 5, lockedMs: 3_000 }) },
  "damaged": {
    run: (ground) => damageDatabase({ ...ground, damages: Array(6).fill(DAMAGES).flat() }),
  },
  "clock": {
    possible: canPreload,
    run: (ground) => moveClock({ ...ground, jumps: 20, fromEpoch: true }),
  },
  "flapping": {
    run: (ground) => flap({ ...ground, rounds: 12, roundMs: 2_000, perMinute: 10_000 }),
  },
  "slow consumer": { run: slowConsumer },
  "half-open": { run: fallSilent },
  "cable cut": { possible: canCutCable, run: cutCable },
  "house away": {
    possible: hasBroker,
    run: (ground) => loseHouse({ ...ground, awayMs: 60_000 }),
  },
  "lost Wi-Fi": { run: (ground) => loseWifi({ ...ground, losses: 200 }) },
  "session again": { run: (ground) => replaySession({ ...ground, meters: 200 }) },
  "passwords": { run: (ground) => guessPasswords({ ...ground, guesses: 10_000 }) },
  "transaction ids": { run: (ground) => guessTransactionIds({ ...ground, guesses: 100_000 }) },
  "fragments": { run: (ground) => sendFragments({ ...ground, mebibytes: 600, times: 9 }) },
  "connections": {
    run: (ground) =>
      floodConnections({ ...ground, connections: 10_000, addresses: 20, descriptors: 256 }),
  },
};
