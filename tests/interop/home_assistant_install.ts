// Home Assistant itself, from PyPI: installed once in .cache.

import { join } from "node:path";

const HERE = import.meta.dirname!;
const REQUIREMENTS = join(HERE, "python", "home_assistant.txt");

/** Pythons that the version in REQUIREMENTS runs with. */
const PYTHONS = ["python3.13", "python3.14"] as const;

/** The `hass` program; or why there is none. */
export type Installed =
  | { readonly available: true; readonly hass: string }
  | { readonly available: false; readonly reason: string };

/** Installs Home Assistant where that has not been done. The first time takes minutes. */
export async function prepareHomeAssistant(): Promise<Installed> {
  const python = await findPython();
  if (python === undefined) return { available: false, reason: "no Python 3.13 or 3.14" };
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(REQUIREMENTS));
  const name = `home-assistant-${new Uint8Array(digest).toHex().slice(0, 8)}`;
  const environment = join(HERE, ".cache", name);
  const complete = join(environment, "complete");
  if (!await Deno.stat(complete).then(() => true, () => false)) {
    await Deno.mkdir(join(HERE, ".cache"), { recursive: true });
    const pip = join(environment, "bin", "pip");
    for (
      const [program, ...args] of [
        [python, "-m", "venv", "--clear", environment],
        [pip, "install", "--quiet", "--requirement", REQUIREMENTS],
      ] as const
    ) {
      const { success, stderr } = await output(program, args);
      if (!success) return { available: false, reason: stderr.trim().split("\n").at(-1) ?? "" };
    }
    await Deno.writeTextFile(complete, "");
  }
  return { available: true, hass: join(environment, "bin", "hass") };
}

/** On the path, or one of pyenv's. */
async function findPython(): Promise<string | undefined> {
  for (const python of PYTHONS) {
    if ((await output(python, ["--version"])).success) return python;
  }
  const root = (await output("pyenv", ["root"])).stdout.trim();
  const versions = (await output("pyenv", ["versions", "--bare"])).stdout.split("\n");
  const fitting = versions.findLast((version) => /^3\.1[34]\.\d+$/.test(version));
  return fitting === undefined ? undefined : join(root, "versions", fitting, "bin", "python");
}

/** Runs a program to its end; one that is not there fails. */
export async function output(program: string, args: readonly string[]) {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { success, stdout: text(stdout), stderr: text(stderr) };
  } catch {
    return { success: false, stdout: "", stderr: `${program} is not installed` };
  }
}
