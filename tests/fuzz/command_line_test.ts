// Any words at the program: it does what they say or tells in a sentence why not, and never throws.

import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { ocppProxy } from "../cli/run.ts";
import { campaign, type Drawn } from "./budget.ts";

/** Those that end by themselves, whatever they are told. */
const COMMANDS = [
  "status",
  "override",
  "export",
  "replay",
  "check",
  "completions",
  "complete-words",
];

/** Every flag that the help of a command tells of, and what only looks like one. */
const FLAGS = [
  ...new Set((await Promise.all(COMMANDS.map((command) => ocppProxy([command, "--help"]))))
    .flatMap(({ out }) => [...out.matchAll(/--[\w-]+/g)].map(([flag]) => flag))),
  "--__proto__",
  "--no-json",
  "--=",
  "-",
  "--",
  "-j",
];

const VALUES = [
  "",
  " ",
  "0",
  "-1",
  "1e999",
  "NaN",
  "16",
  "30m",
  "9999999999h",
  "2026-02-30",
  "2026-11-22T25:00:00Z",
  "+292278994-08-17T07:12:55Z",
  "today",
  "Europe/Nowhere",
  "json",
  "csv",
  "auto",
  "pause",
  "give",
  "limit",
  "allow",
  "no-such-file",
  "/dev/null",
  "/",
  "http://",
  "http://127.0.0.1:1",
  "http://user:password@127.0.0.1:1/x?y#z",
  "ws://127.0.0.1:1/a",
  "\0",
  "\ud800",
  "x".repeat(5_000),
  "__proto__",
  "constructor",
  "$(id)",
  "%s%n",
];

const word = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...FLAGS) },
  { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  { weight: 1, arbitrary: fc.constantFrom(...FLAGS).map((flag) => `${flag}=${flag}`) },
);

const line = fc.record({
  command: fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...COMMANDS) },
    { weight: 1, arbitrary: word },
  ),
  words: fc.array(word, { maxLength: 5 }),
});

/** What only a program that has failed says. */
const STACK = /^\s+at |\bundefined\b|\[object |is not a function|Cannot read propert/m;

Deno.test("whatever the words, the program does it or says in words why not", async () => {
  const before = Deno.cwd();
  const folder = await Deno.makeTempDir();
  Deno.chdir(folder);
  try {
    const check = async ({ command, words }: Drawn<typeof line>) => {
      if (["serve", "simulate"].includes(command)) return;
      const { code, out, error } = await ocppProxy([command, ...words], {
        OCPP_PROXY_URL: "http://127.0.0.1:1",
      });
      assert.ok([0, 1, 2, 3].includes(code), `code ${code}: ${error}`);
      if (code !== 0) assert.notEqual(out + error, "");
      assert.doesNotMatch(error, STACK);
    };
    await campaign(fc.asyncProperty(line, check), 500);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => join(folder, name));
    assert.deepEqual(left, [], "files that nobody asked for");
  } finally {
    Deno.chdir(before);
    await Deno.remove(folder, { recursive: true });
  }
});
