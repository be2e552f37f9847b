// The program on a disk that loses its power while it is written.

import { assertKept } from "./faults/outcome.ts";
import { losePower } from "./faults/power_loss.ts";
import { canPreload } from "./support/preload.ts";
import { chosenSeed, Random } from "./support/random.ts";

Deno.test(
  "the power fails at any instant: what was confirmed is there",
  { ignore: !canPreload() },
  async () => {
    assertKept(await losePower({ random: new Random(chosenSeed()), messages: 100, losses: 200 }));
  },
);
