// Everything that must not break the program, done to it for ten minutes; one table with figures.
//
// deno task endure [part …]. Exits with 1 when a promise is broken. KILLS= and SEED= choose.

import { fileURLToPath } from "node:url";
import { PARTS } from "./endurance/parts.ts";
import { isGood, printTable, type Result } from "./endurance/table.ts";
import { bundleProgram } from "../tests/process/support/bundle.ts";
import { chosenSeed } from "../tests/process/support/random.ts";

const PART = fileURLToPath(new URL("./endurance/part.ts", import.meta.url));

/** A part that takes longer is ended, with every process that it has started. */
const GIVE_UP_S = 300;

const strange = Deno.args.find((name) => !Object.hasOwn(PARTS, name));
if (strange !== undefined) {
  console.error(`There is no part '${strange}'; there are ${Object.keys(PARTS).join(", ")}.`);
  Deno.exit(2);
}

const seed = chosenSeed();
const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-endure-" });
const results = new Map<string, Result>();
let running: Deno.ChildProcess | undefined;
let stopped = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    stopped = true;
    running?.kill("SIGTERM");
  });
}
try {
  const script = await bundleProgram(folder);
  for (const name of Deno.args.length > 0 ? Deno.args : Object.keys(PARTS)) {
    if (stopped) break;
    console.error(`${new Date().toISOString().slice(11, 19)} ${name}`);
    results.set(name, await run(name, script));
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
printTable(results);
const good = !stopped && [...results.values()].every(isGood);
if (!good) console.error(`Not everything held; the same chances again: SEED=${seed}`);
Deno.exit(good ? 0 : 1);

/** In a process of its own, the head of a group that can be ended as a whole. */
async function run(name: string, script: string): Promise<Result> {
  running = new Deno.Command("timeout", {
    args: [
      ...[`--kill-after=5`, `${GIVE_UP_S}`],
      ...[Deno.execPath(), "run", "--quiet", "--allow-all", PART, name, `${seed}`, script],
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const { code, stdout } = await running.output();
  if (code !== 0) return { type: "broken", reason: code === 124 ? "it never ended" : "see above" };
  return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!);
}
