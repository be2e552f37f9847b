// Compiles the program to dist/ocpp-proxy and starts it once: the compiler may exit 0 with a
// file that does not run.

const OUTPUT = "dist/ocpp-proxy";
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

run(Deno.execPath(), ["compile", ...PERMISSIONS, "--output", OUTPUT, "main.ts"]);
console.log(`${OUTPUT} ${run(`./${OUTPUT}`, ["--version"])}`);
