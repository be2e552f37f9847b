// The real program among backends that flap and guess, and with a charger that repeats or vanishes.

import { flap } from "./faults/flapping.ts";
import { guessTransactionIds } from "./faults/guessing.ts";
import { loseWifi } from "./faults/lost_wifi.ts";
import { assertKept } from "./faults/outcome.ts";
import { replaySession } from "./faults/replayed_session.ts";

/** How much memory a process has is read from /proc. */
const ignore = Deno.build.os !== "linux";

Deno.test(
  "10,000 connections of a backend a minute, and one that hangs up: the charger does not notice",
  { ignore },
  async () => {
    assertKept(await flap({ rounds: 1, roundMs: 1_500, perMinute: 10_000 }));
  },
);

Deno.test("10,000 guesses of a transaction id: none reaches the charger", { ignore }, async () => {
  assertKept(await guessTransactionIds({ guesses: 10_000 }));
});

Deno.test("a charger that lost its connection without a word is answered on the next one at once", async () => {
  assertKept(await loseWifi({ losses: 5 }));
});

Deno.test("a session that the charger sends once more, also after a kill -9, leaves no new row", async () => {
  assertKept(await replaySession({ meters: 5 }));
});
