// The program on a disk whose syncs take long.

import { assertKept } from "./faults/outcome.ts";
import { slowDisk } from "./faults/slow_disk.ts";
import { canPreload } from "./support/preload.ts";
import { chosenSeed, Random } from "./support/random.ts";

Deno.test(
  "syncs of up to 1 s: answers are late, none is lost, nobody is disconnected",
  { ignore: !canPreload() },
  async () => {
    assertKept(
      await slowDisk({ random: new Random(chosenSeed()), forMs: 3_000, longestMs: 1_000 }),
    );
  },
);
