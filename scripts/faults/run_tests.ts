// Runs tests up to the first that fails, and says which one, or that they did not end.

const PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--allow-run",
  "--allow-net=127.0.0.1,localhost,0.0.0.0,[::1]",
];

/** How tests ended; `late`: they were ended. */
export type TestRun =
  | { readonly type: "passed" }
  | { readonly type: "failed"; readonly file: string; readonly because: string }
  | { readonly type: "late" | "broken"; readonly because: string };

/** Runs files and folders of tests in a folder; `limitMs` may be Infinity. */
export async function runTests(
  folder: string,
  tests: readonly string[],
  limitMs: number,
): Promise<TestRun> {
  const child = new Deno.Command(Deno.execPath(), {
    // Unused names and impossible comparisons are what types would find: it is the tests' turn.
    args: ["test", "--no-check", "--fail-fast", ...PERMISSIONS, ...tests],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = limitMs === Infinity ? undefined : setTimeout(() => {
    late = true;
    try {
      // A loop without end hears of no milder signal.
      child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }, limitMs);
  const { success, stdout, stderr } = await child.output().finally(() => clearTimeout(timer));
  if (success) return { type: "passed" };
  if (late) return { type: "late", because: `not done after ${(limitMs / 1000).toFixed(0)} s` };
  const said = new TextDecoder().decode(stdout);
  // The last file is the one that failed; a test of it may be defined in another one.
  const file = [...said.matchAll(/^running \d+ tests? from \.\/(\S+)$/gm)].at(-1)?.[1];
  const [, name] = /^(.+) => \.\/\S+?:\d+:\d+$/m.exec(said) ?? [];
  if (file !== undefined && name !== undefined) {
    return { type: "failed", file, because: `${file}: ${name}` };
  }
  const [why = ""] = new TextDecoder().decode(stderr).split("\n").filter((line) => line !== "");
  return { type: "broken", because: `no test ran: ${why}` };
}
