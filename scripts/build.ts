// Builds the program: one JavaScript file, and of it one executable, which is started once.
//
//   deno task bundle                      dist/ocpp-proxy.js, runs where Deno is; and the licences
//                                         of what is in it, dist/THIRD_PARTY_NOTICES.txt
//   deno task compile                     dist/ocpp-proxy, runs on machines like this one
//   deno task compile --target TRIPLE     dist/ocpp-proxy-TRIPLE
//
// `--folder` is another one than dist.

import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import metadata from "../deno.json" with { type: "json" };
import { notices } from "./notices.ts";
import { MEMORY, RIGHTS, UNSTABLE } from "./rights.ts";

/** What can be built for, 64-bit Linux with glibc, and what ELF calls the processor (e_machine). */
const MACHINES: ReadonlyMap<string, number> = new Map([
  ["x86_64-unknown-linux-gnu", 62],
  ["aarch64-unknown-linux-gnu", 183],
]);

/** What the program is run with, as a bundle and as an executable. */
const FLAGS = ["--no-config", "--no-lock", UNSTABLE, MEMORY, ...RIGHTS];

/** A shell runs it as a program of Deno; for JavaScript it is a text and a comment. */
const LAUNCHER = [
  "#!/bin/sh",
  `":" //; exec deno run --ext=js ${FLAGS.join(" ")} "$0" "$@"`,
  "",
].join("\n");

/** Beside the bundle. */
const NOTICES = "THIRD_PARTY_NOTICES.txt";

/** What to do where the runtime part of the executable cannot be downloaded. */
const NO_RUNTIME = `
Deno compiles by putting the program behind 'denort', its runtime, which it downloads from
dl.deno.land. Where that cannot be reached, fetch denort-TARGET.zip of Deno ${Deno.version.deno}
elsewhere, unpack it, and name the file inside:

    DENORT_BIN=/path/to/denort deno task compile

The bundle, ocpp-proxy.js, needs none of this: it runs wherever Deno is.`;

function fail(sentence: string, code = 1): never {
  console.error(`build: ${sentence}`);
  Deno.exit(code);
}

interface Run {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[]): Run {
  try {
    const { success, stdout, stderr } = new Deno.Command(program, { args: [...args] }).outputSync();
    const decoder = new TextDecoder();
    return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    return { success: false, stdout: "", stderr: (error as Error).message };
  }
}

/** What an earlier build left shall not be taken for the product of one that failed. */
function clear(file: string): void {
  try {
    Deno.removeSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) fail(`${file} cannot be removed`);
  }
}

function bundle(script: string): void {
  clear(script);
  const made = run(Deno.execPath(), [
    "bundle",
    "--quiet",
    "--platform=deno",
    `--output=${script}`,
    "main.ts",
  ]);
  if (!made.success) fail(`the bundle failed\n${made.stderr}`);
  // Names of packages, not of folders of the machine that built it.
  const text = Deno.readTextFileSync(script)
    .replaceAll(/(["\s])(?:\.\.\/|\/)[^"\s]*?\/npm\/[^"\s/]+\//g, "$1npm/");
  Deno.writeTextFileSync(script, LAUNCHER + text);
  Deno.chmodSync(script, 0o755);
  Deno.writeTextFileSync(join(dirname(script), NOTICES), notices(text, npmFolders()));
  prove(Deno.execPath(), ["run", "--no-config", "--no-lock", "--allow-env", script], script);
}

/** Where Deno keeps the packages of each registry. */
function npmFolders(): string[] {
  const { npmCache } = JSON.parse(run(Deno.execPath(), ["info", "--json"]).stdout);
  return [...Deno.readDirSync(npmCache)].map(({ name }) => join(npmCache, name));
}

/** Starts what was built: the compiler may succeed with a file that is not the program. */
function prove(program: string, args: readonly string[], file: string): void {
  const { success, stdout, stderr } = run(program, [...args, "--version"]);
  const said = stdout.trim();
  if (!success || said !== metadata.version) {
    const heard = said.split("\n", 1)[0] || stderr.trim().split("\n", 1)[0] || "nothing";
    reject(file, `asked for its version, ${metadata.version}, it says: ${heard}`);
  }
  console.log(`${file} ${said}, ${megabytes(file)}`);
}

/** Nobody shall take a file for the program that is not. */
function reject(file: string, why: string): never {
  Deno.removeSync(file);
  fail(`${file} was not the program and is removed: ${why}`);
}

function megabytes(file: string): string {
  return `${(Deno.statSync(file).size / 1e6).toFixed(1)} MB`;
}

function compile(script: string, target: string, output: string): void {
  clear(output);
  const made = run(Deno.execPath(), [
    "compile",
    "--quiet",
    "--no-check",
    ...FLAGS,
    `--target=${target}`,
    `--output=${output}`,
    script,
  ]);
  if (!made.success) {
    const [reason = ""] = made.stderr.trim().split(/\n\s*Stack backtrace/);
    fail(`the compiler failed\n${reason}\n${/denort|base binary/i.test(reason) ? NO_RUNTIME : ""}`);
  }
  if (target === Deno.build.target) {
    prove(output, [], output);
  } else if (elfMachine(output) !== MACHINES.get(target)) {
    reject(output, `it is no executable for ${target}`);
  } else {
    console.log(`${output}, ${megabytes(output)}; it is for another machine, and was not started`);
  }
}

/** The processor that an ELF file is for; undefined: it is none. */
function elfMachine(file: string): number | undefined {
  const head = new Uint8Array(20);
  using opened = Deno.openSync(file);
  if (opened.readSync(head) !== 20 || new TextDecoder().decode(head.slice(1, 4)) !== "ELF") {
    return undefined;
  }
  return new DataView(head.buffer).getUint16(18, true);
}

const { values } = parseArgs({
  options: {
    "bundle-only": { type: "boolean" },
    target: { type: "string" },
    folder: { type: "string", default: "dist" },
  },
});
const { target, folder } = values;
if (target !== undefined && !MACHINES.has(target)) {
  fail(`the target is ${[...MACHINES.keys()].join(" or ")}, not ${target}`, 2);
}
const script = `${folder}/ocpp-proxy.js`;
bundle(script);
if (!values["bundle-only"]) {
  const output = `${folder}/ocpp-proxy${target === undefined ? "" : `-${target}`}`;
  compile(script, target ?? Deno.build.target, resolve(output));
}
