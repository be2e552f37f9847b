// The peers' languages, made ready once in .cache: a virtual environment of Python, a program of Go.

import { join } from "node:path";
import { Peer } from "./peer.ts";

const HERE = import.meta.dirname!;
const CACHE = join(HERE, ".cache");

/** What starts the peers of one language; or why it cannot. */
export type Toolchain =
  | { readonly available: true; start(peer: string, args: readonly string[]): Peer }
  | { readonly available: false; readonly reason: string };

/** Defines a test that is skipped, with the reason on the console, without these languages. */
export function interopTest(
  name: string,
  toolchains: readonly Toolchain[],
  test: () => Promise<void>,
): void {
  const missing = toolchains.find((toolchain) => !toolchain.available);
  if (missing) console.log(`skipped: ${name}: ${missing.reason}`);
  Deno.test({ name, ignore: missing !== undefined, fn: test });
}

/** mobilityhouse/ocpp and websockets, of the versions in python/requirements.txt. */
export async function preparePython(): Promise<Toolchain> {
  const installed = await pythonEnvironment("python", "requirements.txt");
  if (!installed.available) return installed;
  const python = join(installed.folder, "python");
  return {
    available: true,
    start: (peer, args) => new Peer(python, ["-B", join(HERE, "python", `${peer}.py`), ...args]),
  };
}

/** The folder of the programs of a virtual environment, made where there is none; or why not. */
export async function pythonEnvironment(
  name: string,
  requirementsFile: string,
): Promise<
  | { readonly available: true; readonly folder: string }
  | { readonly available: false; readonly reason: string }
> {
  const requirements = join(HERE, "python", requirementsFile);
  const environment = join(CACHE, `${name}-${await digest(requirements)}`);
  const folder = join(environment, "bin");
  // Written last, so an environment that was left half made is made again.
  const complete = join(environment, "complete");
  if (!await exists(complete)) {
    await Deno.mkdir(CACHE, { recursive: true });
    const steps: [string, string[]][] = [
      ["python3", ["-m", "venv", "--clear", environment]],
      [join(folder, "python"), ["-m", "pip", "install", "--quiet", "--requirement", requirements]],
    ];
    for (const [program, args] of steps) {
      const fault = await run(program, args);
      if (fault !== undefined) return { available: false, reason: inShort(fault) };
    }
    await Deno.writeTextFile(complete, "");
  }
  return { available: true, folder };
}

/** ocpp-go, of the version in go/go.mod. Throws when the peer itself does not compile. */
export async function prepareGo(): Promise<Toolchain> {
  const source = join(HERE, "go");
  const program = join(CACHE, "ocpp_go_peer");
  const fault = await run("go", ["-C", source, "mod", "download"]);
  if (fault !== undefined) return { available: false, reason: inShort(fault) };
  const broken = await run("go", ["-C", source, "build", "-o", program, "."]);
  if (broken !== undefined) throw new Error(broken);
  return { available: true, start: (peer, args) => new Peer(program, [peer, ...args]) };
}

/** Returns what went wrong, or undefined. */
async function run(program: string, args: readonly string[]): Promise<string | undefined> {
  const begin = `${[program, ...args].join(" ")}:\n`;
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      env: { PIP_DISABLE_PIP_VERSION_CHECK: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    if (success) return undefined;
    const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
    return `${begin}${said.trim()}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return `${begin}the program is not installed`;
    throw error;
  }
}

/** The command and the last line of what it said. */
function inShort(fault: string): string {
  const lines = fault.split("\n");
  return `${lines[0]} ${lines.at(-1)}`;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Eight digits that change with the file. */
async function digest(path: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", await Deno.readFile(path));
  return new Uint8Array(hash).toHex().slice(0, 8);
}
