// Measures the real program against its targets, everything in one run, and prints one table.
//
// deno task bench [start] [latency] [decision] [load] [record] [library]

import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { measureDecision } from "./decision.ts";
import { printTable, type Row } from "./figures.ts";
import { measureLatency } from "./latency.ts";
import { measureLibrary } from "./library.ts";
import { measureLoad } from "./load.ts";
import { endAll, startProxy } from "./processes.ts";
import { measureRecording } from "./record.ts";
import { measureStart } from "./start.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

/** After this everything is given up, ms; the parts take four and a half minutes together. */
const GIVE_UP_MS = 420_000;

const watchdog = setTimeout(() => {
  console.error("The measurements take too long and are given up.");
  endAll();
  Deno.removeSync(folder, { recursive: true });
  Deno.exit(1);
}, GIVE_UP_MS);

const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-bench-" });
let met: boolean;
try {
  const bundle = `${folder}/ocpp-proxy.js`;
  const parts: Readonly<Record<string, (own: string) => Promise<Row[]>>> = {
    start: (own) =>
      measureStart([
        { name: "start from the bundle", path: bundle, limitMs: 250 },
        { name: "start from source", path: MAIN, limitMs: 400 },
      ], own),
    latency: (own) => measureLatency(bundle, own),
    decision: (own) => measureDecision(bundle, own),
    load: (own) => measureLoad(bundle, own),
    record: (own) => measureRecording(bundle, own),
    library: (own) => measureLibrary(bundle, own),
  };
  await makeBundle(bundle);
  await startOnce(bundle);
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
    const own = `${folder}/${name}`;
    await Deno.mkdir(own);
    rows.push(...await measure(own));
  }
  met = printTable(rows);
} finally {
  clearTimeout(watchdog);
  await Deno.remove(folder, { recursive: true });
}
Deno.exit(met ? 0 : 1);

/** Deno reads a new program closely when it first starts, and keeps 25 MiB more for it. */
async function startOnce(program: string): Promise<void> {
  const own = `${folder}/first`;
  await Deno.mkdir(own);
  const proxy = await startProxy(program, own, "");
  await proxy[Symbol.asyncDispose]();
}

async function makeBundle(output: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--platform", "deno", "--output", output, MAIN],
    cwd: dirname(MAIN),
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`the bundle failed: ${new TextDecoder().decode(stderr)}`);
}
