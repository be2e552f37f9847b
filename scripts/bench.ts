// Measures the program: speed and memory in one table, or `export` of a million sessions.
//
// deno task bench [start] [latency] [decision] [load] [record] [library] | deno task bench export

import { fileURLToPath } from "node:url";

const [first, ...rest] = Deno.args;
const [script, args] = first === "export" ? ["export", rest] : ["table", Deno.args];
const parts = ["start", "latency", "decision", "load", "record", "library"];
const unknown = script === "table" ? args.filter((name) => !parts.includes(name)) : [];
if (script === "export" && !(rest.length <= 1 && /^([1-9]\d{0,7})?$/.test(rest[0] ?? ""))) {
  console.error("bench export takes one number of sessions, from 1");
  Deno.exit(2);
}
if (unknown.length > 0) {
  console.error(`There is no measurement '${unknown[0]}'; there are ${parts.join(", ")}, export.`);
  Deno.exit(2);
}

const { code } = new Deno.Command(Deno.execPath(), {
  args: [
    "run",
    "--allow-all",
    fileURLToPath(new URL(`./bench/${script}.ts`, import.meta.url)),
    ...args,
  ],
  stdout: "inherit",
  stderr: "inherit",
}).outputSync();
Deno.exit(code);
