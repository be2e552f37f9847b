// The command line: help, mistakes, exit codes, completions, and the real program.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import metadata from "../../deno.json" with { type: "json" };
import { ocppProxy } from "./run.ts";

const COMMANDS = [
  "serve",
  "status",
  "override",
  "export",
  "replay",
  "check",
  "simulate",
  "completions",
];
const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));

Deno.test("without a word, and with --help, the commands are listed", async () => {
  const plain = await ocppProxy([]);
  equal(plain.code, 0);
  equal(plain.error, "");
  for (const command of COMMANDS) match(plain.out, new RegExp(`^  ${command} +[A-Z]`, "m"));
  deepEqual(await ocppProxy(["--help"]), plain);
});

for (const command of COMMANDS) {
  Deno.test(`${command} --help says what it does`, async () => {
    const { code, out, error } = await ocppProxy([command, "--help"]);
    equal(code, 0);
    equal(error, "");
    match(out, new RegExp(`^USAGE\\n  ocpp-proxy ${command}`));
  });
}

Deno.test("--version is the version of the project", async () => {
  deepEqual(await ocppProxy(["--version"]), { code: 0, out: `${metadata.version}\n`, error: "" });
});

const MISTAKES: readonly (readonly [words: string, says: RegExp])[] = [
  ["serf", /^ocpp-proxy: there is no command 'serf'; did you mean `serve`\?\n$/],
  ["frobnicate", /^ocpp-proxy: there is no command 'frobnicate'\n$/],
  ["serve --prt 1", /^ocpp-proxy: .*--prt, did you mean --port\?\n$/],
  ["serve --port 65536", /^ocpp-proxy: .*expected a whole number from 0 to 65535\n$/],
  ["serve --port 9e3", /^ocpp-proxy: .*expected a whole number from 0 to 65535\n$/],
  ["serve --log-level loud", /^ocpp-proxy: .*"loud".*\(debug\|info\|warning\|error\)/],
  ["export --format xml", /^ocpp-proxy: .*"xml"/],
  ["export --since", /^ocpp-proxy: .*--since/],
  ["status --url ftp://a", /^ocpp-proxy: .*begins with http:\/\/ or https:\/\/\n$/],
  ["simulate --speed 0", /^ocpp-proxy: .*expected a number above 0, up to 3600\n$/],
  ["replay", /^ocpp-proxy: .*recording/],
  ["replay a --to http://b", /^ocpp-proxy: .*begins with ws:\/\/ or wss:\/\/\n$/],
  ["replay a --explain 14:03 --update", /^ocpp-proxy: --explain does not go with/],
  ["check a.yaml", /^ocpp-proxy: /],
  ["completions tcsh", /^ocpp-proxy: .*expected bash, zsh or fish\n$/],
];

for (const [words, says] of MISTAKES) {
  Deno.test(`a mistake is one sentence and exit code 2: ${words}`, async () => {
    const { code, out, error } = await ocppProxy(words.split(" "));
    equal(code, 2);
    equal(out, "");
    match(error, says);
    equal(error.trimEnd().split("\n").length, 1);
  });
}

Deno.test("the program completes commands, flags and their values", async () => {
  const complete = async (...words: string[]) =>
    (await ocppProxy(["complete-words", ...words])).out.trimEnd().split("\n");
  deepEqual(await complete("s"), ["serve", "status", "simulate"]);
  deepEqual(await complete("export", "--fo"), ["--format"]);
  deepEqual(await complete("export", "--format", "js"), ["json", "jsonl"]);
  deepEqual(await complete("completions", ""), ["bash", "zsh", "fish"]);
});

Deno.test("bash takes the completion script and asks the program", async () => {
  const { out } = await ocppProxy(["completions", "bash"]);
  const script = `${out}
    ocpp-proxy() { [ "$1 $2 $3" = "complete-words export --fo" ] && echo --format; }
    COMP_WORDS=(ocpp-proxy export --fo) COMP_CWORD=2
    _ocpp_proxy
    echo "\${COMPREPLY[@]}"`;
  const { stdout } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  equal(new TextDecoder().decode(stdout), "--format\n");
});

async function main(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; out: string; error: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-read", "--allow-env", "--allow-sys", MAIN, ...args],
    env,
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}

Deno.test("the real program answers with the same words and exit codes", async () => {
  equal((await main(["--version"])).out, `${metadata.version}\n`);
  const mistake = await main(["serf"]);
  deepEqual(mistake, await ocppProxy(["serf"]));
  const checked = await main(["check", "--config", "/nowhere/config.yaml"]);
  equal(checked.code, 1);
  match(checked.error, /^\/nowhere\/config.yaml: the configuration cannot be read/);
});

Deno.test("a reader that goes away is no error", async () => {
  const command = `"$0" run --quiet --allow-read --allow-env "$1" --help | true; ` +
    'echo "${PIPESTATUS[0]}"';
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", command, Deno.execPath(), MAIN],
  }).output();
  equal(new TextDecoder().decode(stderr), "");
  ok(new TextDecoder().decode(stdout).endsWith("0\n"));
});
