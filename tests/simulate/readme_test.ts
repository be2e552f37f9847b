// The README on `simulate`: its scenario is valid, and its names are all there are.

import assert from "node:assert/strict";
import { problemText } from "../../src/config/problem.ts";
import { BEHAVIOUR_NAMES } from "../../src/simulate/behaviour.ts";
import { parseScenario } from "../../src/simulate/load_scenario.ts";
import { QUIRK_NAMES } from "../../src/simulate/quirk_list.ts";
import { SCENARIOS } from "../../src/simulate/scenario_list.ts";
import { ACTS } from "../../src/simulate/scenario_schema.ts";
import { ocppProxy } from "../cli/run.ts";

const README = Deno.readTextFileSync(new URL("../../README.md", import.meta.url));
const SECTION = /^## A charger to try it with$.*?(?=^## )/ms.exec(README)?.[0] ?? "";

Deno.test("the scenario of the README is valid, and shows nearly every kind of step", () => {
  const [, text = ""] = /^```yaml\n(.*?)^```$/ms.exec(SECTION) ?? [];
  const loaded = parseScenario(text, "README.md");
  assert.deepEqual(loaded.ok ? [] : loaded.problems.map(problemText), []);
  const shown = Object.keys(ACTS).filter((act) => text.includes(` ${act}:`));
  assert.deepEqual(Object.keys(ACTS).filter((act) => !shown.includes(act)), ["say"]);
});

Deno.test("the README and --help name every behaviour, and only quirks and scenarios there are", async () => {
  const { out } = await ocppProxy(["simulate", "--help"]);
  for (const name of BEHAVIOUR_NAMES) {
    assert.ok(SECTION.includes(`\`${name}\``), name);
    assert.match(out, new RegExp(`\\b${name}\\b`));
  }
  const named = (flag: string) =>
    [...SECTION.matchAll(new RegExp(`--${flag} ([\\w+-]+)`, "g"))].map(([, name]) => name ?? "");
  for (const name of named("quirk")) assert.ok(["list", ...QUIRK_NAMES].includes(name), name);
  for (const name of named("scenario")) {
    assert.ok(["list", ...SCENARIOS.keys()].includes(name), name);
  }
});

Deno.test("the names of quirks and scenarios are completed", async () => {
  const complete = async (...words: string[]) =>
    (await ocppProxy(["complete-words", "simulate", ...words])).out.trimEnd().split("\n");
  assert.deepEqual(await complete("--quirk", "hua"), ["huawei"]);
  assert.deepEqual(await complete("--quirk", "li"), ["list", "limit-lost-at-restart", "libocpp"]);
  assert.deepEqual(await complete("--scenario", "o"), ["overnight-solar", "offline-day"]);
});
