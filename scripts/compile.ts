// Compiles the program to dist/ocpp-proxy and starts it once: the compiler may exit 0 with a
// file that does not run.

const OUTPUT = "dist/ocpp-proxy";
/** Garbage piles up in proportion to what V8 may use: 256 MiB are many times what is needed. */
const MEMORY = "--v8-flags=--max-semi-space-size=2,--max-old-space-size=256";
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

function run(program: string, args: readonly string[]): string {
  const { success, stdout } = new Deno.Command(program, {
    args: [...args],
    stdout: "piped",
    stderr: "inherit",
  }).outputSync();
  if (!success) {
    console.error(`${program} ${args.join(" ")} failed.`);
    Deno.exit(1);
  }
  return new TextDecoder().decode(stdout).trim();
}

run(Deno.execPath(), ["compile", MEMORY, ...PERMISSIONS, "--output", OUTPUT, "main.ts"]);
console.log(`${OUTPUT} ${run(`./${OUTPUT}`, ["--version"])}`);
