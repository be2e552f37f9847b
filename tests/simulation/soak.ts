// Seed after seed for hours, a line a minute: deno task simulate:soak [--minutes 60] [--seed 1]
//
// Exits with 1 when a promise is broken, with 2 if the command line is wrong.

import { BrokenPromise, keepRecording, runSeed } from "./run.ts";
import { type SoakArguments, soakArguments } from "./soak_arguments.ts";

const LINE_MS = 60_000;

const { minutes, seed: first, keep } = read();
const endAt = performance.now() + minutes * 60_000;
let seed = first ?? Date.now() % 2 ** 31;
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
    console.error(keepRecording(error, keep ?? Deno.cwd()));
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

function read(): SoakArguments {
  try {
    return soakArguments(Deno.args);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
}
