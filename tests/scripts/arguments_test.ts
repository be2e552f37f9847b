// The tasks refuse a command line that they do not understand, before they do anything.

import { deepEqual, match } from "node:assert/strict";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const WRONG: readonly (readonly [script: string, words: readonly string[], says: RegExp])[] = [
  ["tests/simulation/soak.ts", ["--minutes", "abc"], /--minutes needs a number/],
  ["tests/simulation/soak.ts", ["--minutes", ""], /--minutes needs a number/],
  ["tests/simulation/soak.ts", ["--minutes", "0"], /--minutes needs a number/],
  ["tests/simulation/soak.ts", ["--seed", "x"], /--seed needs a whole number/],
  ["tests/simulation/soak.ts", ["--hours", "1"], /--hours/],
  ["scripts/endure.ts", ["nothing"], /no part 'nothing'/],
  ["scripts/plant_faults.ts", ["nothing"], /no area 'nothing'/],
  ["scripts/bench.ts", ["nothing"], /no measurement 'nothing'/],
  ["scripts/bench.ts", ["export", "many"], /one number of sessions/],
  ["scripts/record_corpus.ts", ["nothing"], /no recording 'nothing'/],
  ["scripts/demo.ts", ["--twice"], /no argument '--twice'/],
  ["scripts/build.ts", ["--target", "z80"], /the target is/],
];

Deno.test("a task that is not understood does nothing, and exits with 2", async () => {
  for (const [script, words, says] of WRONG) {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", script, ...words],
      cwd: ROOT,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    const called = `${script} ${words.join(" ")}`;
    match(decoder.decode(stderr), says, called);
    deepEqual([code, decoder.decode(stdout)], [2, ""], called);
  }
});
