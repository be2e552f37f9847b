// Seed after seed for hours, a line a minute: deno task simulate:soak [--minutes 60] [--seed 1]

import { parseArgs } from "node:util";
import { BrokenPromise, keepRecording, runSeed } from "./run.ts";

const LINE_MS = 60_000;

const { values } = parseArgs({
  options: { minutes: { type: "string" }, seed: { type: "string" }, keep: { type: "string" } },
});
const endAt = performance.now() + Number(values.minutes ?? Infinity) * 60_000;
let seed = Number(values.seed ?? Date.now() % 2 ** 31);
let steps = 0;
let seeds = 0;
let failed = 0;
let begun = performance.now();

console.log(`from seed ${seed}`);
for (; performance.now() < endAt; seed++) {
  try {
    steps += runSeed(seed);
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    failed++;
    console.error(error.message);
    console.error(keepRecording(error, values.keep ?? Deno.cwd()));
  }
  seeds++;
  const elapsed = performance.now() - begun;
  if (elapsed >= LINE_MS) {
    const rate = Math.round(steps / elapsed * 60_000).toLocaleString("en");
    const { rss } = Deno.memoryUsage();
    console.log(`seed ${seed}: ${seeds} worlds, ${rate} steps a minute, ${rss >> 20} MiB`);
    begun = performance.now();
    steps = 0;
  }
}
console.log(`${seeds} worlds, ${failed} of them broke a promise`);
Deno.exit(failed > 0 ? 1 : 0);
