// The program on a disk without room.

import { canMount, fillDisk } from "./faults/full_disk.ts";
import { assertKept } from "./faults/outcome.ts";
import { chosenSeed } from "./support/random.ts";

Deno.test(
  "a full disk: InternalError, Heartbeats go on, one alarm, and all is well when there is room",
  { ignore: !canMount() },
  async () => assertKept(await fillDisk({ seed: chosenSeed(), rounds: 2 })),
);
