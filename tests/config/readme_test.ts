// The README on rules: its examples are valid, and it leaves no variable or function out.

import { deepEqual, ok } from "node:assert/strict";
import { FUNCTIONS, VARIABLES } from "../../src/core/rule_environment.ts";
import { problems } from "./parse.ts";

const README = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
const SECTION = /^## Rules$.*?(?=^## )/ms.exec(README)?.[0] ?? "";
const BACKENDS = "backends: [{ id: employer, token: a }, { id: neighbour, token: b }]\n";

Deno.test("the rules and facts in the README are valid", () => {
  const examples = [...SECTION.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text ?? "");
  ok(examples.length >= 2);
  for (const text of examples) deepEqual(problems(BACKENDS + text), [], text);
});

Deno.test("the README knows every variable and function of the rules", () => {
  const common = new Set(["size", "int", "double", "string"]);
  for (const name of [...Object.keys(VARIABLES), ...FUNCTIONS]) {
    ok(common.has(name) || new RegExp("`[^`]*\\b" + name + "\\b").test(SECTION), name);
  }
});
