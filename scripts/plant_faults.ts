// Plants small faults into a copy of the project, one at a time, and says which test notices each.
//
// deno task plant [area …]. Exits with 1 if one survives, or if its text is not there any more.

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Fault } from "./faults/fault.ts";
import { FAULTS } from "./faults/table.ts";

/** Longer than all tests of the core take on a slow machine. */
const TIME_LIMIT_MS = 180_000;

const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-run",
  "--allow-net=127.0.0.1,localhost,0.0.0.0,[::1]",
];

/** What the copy goes without: nothing that a test of the core reads. */
const LEFT_OUT: ReadonlySet<string> = new Set([".git", ".cache", "data", "dist", "node_modules"]);

const root = fileURLToPath(new URL("..", import.meta.url));

const strange = Deno.args.find((area) => !Object.hasOwn(FAULTS, area));
if (strange !== undefined) {
  console.error(`There is no area '${strange}': ${Object.keys(FAULTS).join(", ")}.`);
  Deno.exit(2);
}
const areas = Object.entries(FAULTS)
  .filter(([area]) => Deno.args.length === 0 || Deno.args.includes(area));
const copy = mkdtempSync(join(tmpdir(), "planted-"));
let bad = 0;
let count = 0;
try {
  cpSync(root, copy, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  for (const [area, faults] of areas) {
    for (const fault of faults) {
      const outcome = await plant(fault);
      count++;
      if (outcome.type !== "caught") bad++;
      console.log(`${outcome.type.padEnd(9)} ${area.padEnd(12)} ${fault.breaks}`);
      console.log(`${" ".repeat(23)}${outcome.because}`);
    }
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`\n${count} faults planted, ${count - bad} caught.`);
Deno.exit(bad === 0 ? 0 : 1);

/** `invalid`: the fault is none, because its text is not there once or nothing runs with it. */
interface Outcome {
  readonly type: "caught" | "survived" | "invalid";
  readonly because: string;
}

async function plant({ file, text, instead, tests }: Fault): Promise<Outcome> {
  const path = join(copy, file);
  const before = Deno.readTextFileSync(path);
  const found = before.split(text).length - 1;
  if (found !== 1) return { type: "invalid", because: `${file} has its text ${found} times` };
  Deno.writeTextFileSync(path, before.replace(text, () => instead));
  try {
    return await test(tests);
  } finally {
    Deno.writeTextFileSync(path, before);
  }
}

async function test(tests: readonly string[]): Promise<Outcome> {
  const command = new Deno.Command(Deno.execPath(), {
    // Unused names and impossible comparisons are what types would find: it is the tests' turn.
    args: ["test", "--no-check", "--fail-fast", ...PERMISSIONS, ...tests],
    cwd: copy,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
  });
  const { success, signal, stdout, stderr } = await command.output();
  if (success) return { type: "survived", because: `no test of ${tests.join(", ")} noticed` };
  if (signal !== null) return { type: "caught", because: "the tests did not end in time" };
  const said = new TextDecoder().decode(stdout);
  const failed = /^(.+) => \.\/(tests\/\S+?):\d+:\d+$/m.exec(said);
  if (failed) return { type: "caught", because: `${failed[2]}: ${failed[1]}` };
  const [why = ""] = new TextDecoder().decode(stderr).split("\n").filter((line) => line !== "");
  return { type: "invalid", because: `no test ran: ${why}` };
}
