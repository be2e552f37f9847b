// The example configuration with mistakes in it: reading it never throws, each problem has a place.

import assert from "node:assert/strict";
import fc from "fast-check";
import { problemText } from "../../src/config/problem.ts";
import { load } from "../config/parse.ts";
import { campaign } from "./budget.ts";
import { type Damage, damage, damaged } from "./frames.ts";

const EXAMPLE = Deno.readTextFileSync(new URL("../../config.example.yaml", import.meta.url));

/** What the example does not say as YAML that counts. */
const MORE = `
backends:
  - { id: evcc, role: controller, token: t }
  - id: employer
    role: biller
    url: wss://example.com/ocpp
    tariff: work
tariffs:
  - name: work
    energy_per_kwh: 0.30
rules:
  - name: evening
    when: backend == "evcc"
    then: deny
id_tags:
  - { tag: A, name: Anna, backend: employer }
`;

const LINES = (EXAMPLE.replace(/^\s*#.*\n/gm, "") + MORE).split("\n")
  .map((line) => line.replace(/\s+#.*$/, ""))
  .filter((line) => line.trim() !== "");

const SCALARS = [
  "null",
  "~",
  "[]",
  "{}",
  "[[]]",
  "{ a: 1 }",
  "-1",
  "0",
  "1e400",
  ".nan",
  "'${NO_SUCH}'",
  "'${'",
  "!!binary x",
  "&a [*a]",
  "*nobody",
  "<<",
  "'\\u0000'",
  '"\\ud800"',
  "|\n  x",
  "2026-13-45",
  "'ha(1)('",
  `'${"(".repeat(300)}'`,
  `'${"x".repeat(5_000)}'`,
];

type Edit =
  | { readonly type: "drop" | "twice"; readonly at: number; readonly count: number }
  | { readonly type: "indent"; readonly at: number; readonly by: string }
  | { readonly type: "value"; readonly at: number; readonly value: string }
  | { readonly type: "key"; readonly at: number; readonly key: string }
  | { readonly type: "move"; readonly at: number; readonly to: number }
  | { readonly type: "damage"; readonly damage: Damage };

const at = fc.nat(LINES.length - 1);

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    type: fc.constantFrom("drop" as const, "twice" as const),
    at,
    count: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ type: fc.constant("indent" as const), at, by: fc.constantFrom("", "  ", "\t", " ") }),
  fc.record({
    type: fc.constant("value" as const),
    at,
    value: fc.oneof(fc.constantFrom(...SCALARS), fc.json(), fc.string({ unit: "binary" })),
  }),
  fc.record({
    type: fc.constant("key" as const),
    at,
    key: fc.constantFrom("id", "__proto__", "constructor", "? [x]", "1", "''", "<<", "url"),
  }),
  fc.record({ type: fc.constant("move" as const), at, to: at }),
  damage.map((damage) => ({ type: "damage" as const, damage })),
);

function edited(edits: readonly Edit[]): string {
  let lines = LINES;
  let text = "";
  for (const one of edits) {
    if (one.type === "damage") text = damaged(lines.join("\n"), [one.damage]);
    else text = changed(lines, one).join("\n");
    lines = text.split("\n");
  }
  return text;
}

function changed(lines: readonly string[], edit: Exclude<Edit, { type: "damage" }>): string[] {
  const place = edit.at % Math.max(lines.length, 1);
  const line = lines[place] ?? "";
  switch (edit.type) {
    case "drop":
      return lines.toSpliced(place, edit.count);
    case "twice":
      return lines.toSpliced(place, 0, ...lines.slice(place, place + edit.count));
    case "indent":
      return lines.toSpliced(place, 1, edit.by + line.trimStart());
    case "value":
      return lines.toSpliced(place, 1, line.replace(/:( .*)?$/, () => `: ${edit.value}`));
    case "key":
      return lines.toSpliced(place, 1, line.replace(/[\w]+:/, () => `${edit.key}:`));
    case "move":
      return lines.toSpliced(place, 1).toSpliced(edit.to, 0, line);
    default:
      return edit satisfies never;
  }
}

function check(text: string): void {
  const environment = { CHARGER_PASSWORD: "example", SCRIPT_TOKEN: "example" };
  const loaded = load(text, { environment });
  const lines = text.split(/\r\n|\r|\n/).length;
  assert.equal(loaded.ok, !loaded.problems.some(({ severity }) => severity === "error"));
  for (const problem of loaded.problems) {
    const { place, message } = problem;
    assert.ok(place, `without a place: ${message}`);
    assert.ok(place.line >= 1 && place.line <= lines + 1, `line ${place.line}: ${message}`);
    assert.ok(place.column >= 1, `column ${place.column}: ${message}`);
    assert.ok(message !== "" && !/undefined|\[object|NaN\b.*NaN/.test(message), message);
    assert.doesNotMatch(problemText(problem), /\n/);
  }
}

Deno.test("the configuration that is spoilt here is right itself", () => {
  assert.deepEqual(load(LINES.join("\n")).problems.map(problemText), []);
});

Deno.test("whatever is wrong with a configuration is told with its place", () =>
  campaign(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }).map(edited), check),
    800,
  ));
