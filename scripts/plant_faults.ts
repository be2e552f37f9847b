// Plants small faults into a copy of the project, one at a time, and says which test notices each.
//
// deno task plant [area …]. Exits with 1 if one survives, or could not be planted; with 2 if the
// command line is wrong, or the tests fail without any fault: then they would prove nothing.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Fault } from "./faults/fault.ts";
import { FAULTS } from "./faults/table.ts";
import { runTests } from "./faults/run_tests.ts";

/** Longer than all tests of the core take on a slow machine, ms. */
const LEAST_TIME_LIMIT_MS = 120_000;
/** A fault has this many times what the same tests took without it. */
const PATIENCE = 4;

/** What the copy goes without: nothing that a test reads. */
const LEFT_OUT: ReadonlySet<string> = new Set([".git", ".cache", "data", "dist", "node_modules"]);

const root = fileURLToPath(new URL("..", import.meta.url));

const strange = Deno.args.find((area) => !Object.hasOwn(FAULTS, area));
if (strange !== undefined) {
  console.error(`There is no area '${strange}': ${Object.keys(FAULTS).join(", ")}.`);
  Deno.exit(2);
}
const planted = Object.entries(FAULTS)
  .filter(([area]) => Deno.args.length === 0 || Deno.args.includes(area))
  .flatMap(([area, faults]) => faults.map((fault) => ({ area, fault })));
const copy = mkdtempSync(join(tmpdir(), "planted-"));
const began = performance.now();
let code = 2;
try {
  cpSync(root, copy, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  const limits = await measureBaseline();
  if (limits !== undefined) code = await plantAll(limits);
} finally {
  rmSync(copy, { recursive: true, force: true });
}
Deno.exit(code);

/** How long each set of tests may take, ms; undefined, and said: they fail as they are. */
async function measureBaseline(): Promise<Map<string, number> | undefined> {
  const limits = new Map<string, number>();
  for (const { fault: { tests } } of planted) {
    if (limits.has(keyOf(tests))) continue;
    const begin = performance.now();
    const run = await runTests(copy, tests, Infinity);
    if (run.type !== "passed") {
      console.error(`Without any fault ${tests.join(", ")} fail: ${run.because}`);
      return undefined;
    }
    const tookMs = performance.now() - begin;
    limits.set(keyOf(tests), Math.max(LEAST_TIME_LIMIT_MS, PATIENCE * tookMs));
    console.log(`passes without a fault, in ${(tookMs / 1000).toFixed(0)} s: ${tests.join(", ")}`);
  }
  return limits;
}

function keyOf(tests: readonly string[]): string {
  return tests.join(" ");
}

async function plantAll(limits: ReadonlyMap<string, number>): Promise<number> {
  const counts = { caught: 0, timeout: 0, survived: 0, invalid: 0 };
  for (const [index, { area, fault }] of planted.entries()) {
    const { type, because } = await plant(fault, limits.get(keyOf(fault.tests))!);
    counts[type]++;
    const progress = `${index + 1}/${planted.length}`.padStart(7);
    console.log(`${progress} ${type.padEnd(9)} ${area.padEnd(12)} ${fault.breaks}`);
    console.log(`${" ".repeat(31)}${because}`);
  }
  const { caught, timeout, survived, invalid } = counts;
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  console.log(
    `\n${planted.length} faults in ${minutes} minutes: ${caught + timeout} caught, ${timeout} of ` +
      `them by time-out; ${survived} survived, ${invalid} could not be planted.`,
  );
  return survived + invalid === 0 ? 0 : 1;
}

/** `invalid`: it is no fault: its text is not there once, or its tests fail, or run, not even so. */
interface Outcome {
  readonly type: "caught" | "timeout" | "survived" | "invalid";
  readonly because: string;
}

async function plant({ file, text, instead, tests }: Fault, limitMs: number): Promise<Outcome> {
  const path = join(copy, file);
  const before = Deno.readTextFileSync(path);
  const found = before.split(text).length - 1;
  if (found !== 1) return { type: "invalid", because: `${file} has its text ${found} times` };
  Deno.writeTextFileSync(path, before.replace(text, () => instead));
  const run = await runTests(copy, tests, limitMs).finally(() =>
    Deno.writeTextFileSync(path, before)
  );
  switch (run.type) {
    case "passed":
      return { type: "survived", because: `no test of ${tests.join(", ")} noticed` };
    case "late":
      return { type: "timeout", because: run.because };
    case "broken":
      return { type: "invalid", because: run.because };
    case "failed": {
      // What fails now and then, or with much else to do, has noticed nothing.
      const again = await runTests(copy, [run.file], limitMs);
      return again.type === "passed"
        ? { type: "caught", because: run.because }
        : { type: "invalid", because: `fails without the fault as well: ${again.because}` };
    }
  }
}
