// The program with a wall clock that is wrong, or is set.

import { moveClock } from "./faults/clock.ts";
import { assertKept } from "./faults/outcome.ts";
import { canPreload } from "./support/preload.ts";
import { chosenSeed, Random } from "./support/random.ts";

Deno.test(
  "the clock stands at 1970 at first, then jumps by days: the books are right",
  { ignore: !canPreload() },
  async () => {
    const random = new Random(chosenSeed());
    assertKept(await moveClock({ random, jumps: 4, fromEpoch: true }));
  },
);
