// Runs one part: its name, the seed and the program's script; the last line that it prints is JSON.

import { Random } from "../../tests/process/support/random.ts";
import { PARTS } from "./parts.ts";
import type { Result } from "./table.ts";

const [name, seed, script] = Deno.args;
const part = PARTS[name!]!;
const result: Result = part.possible?.() === false ? { type: "left_out" } : {
  type: "ended",
  outcome: await part.run({ random: new Random(Number(seed)), script: script! }),
};
console.log(JSON.stringify(result));
// What a part has left open must not keep it.
Deno.exit();
