// Runs the measurements of scripts/bench: all of them, or those named on the command line.

const folder = new URL("./bench/", import.meta.url);
const found = [...Deno.readDirSync(folder)]
  .filter((entry) => entry.isFile && entry.name.endsWith(".ts"))
  .map((entry) => entry.name.slice(0, -".ts".length))
  .sort();

const wanted = Deno.args.length > 0 ? Deno.args : found;
const unknown = wanted.filter((name) => !found.includes(name));
if (unknown.length > 0) {
  console.error(
    `There is no measurement '${unknown.join("', '")}'; there are ${found.join(", ")}.`,
  );
  Deno.exit(2);
}

let failed = 0;
for (const name of wanted) {
  console.log(`\n== ${name}`);
  const script = new URL(`${name}.ts`, folder).pathname;
  const { success } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", script],
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync();
  if (!success) failed++;
}
Deno.exit(failed > 0 ? 1 : 0);
