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

/** What is small to write and large to read. */
const BOMBS: Readonly<Record<string, string>> = {
  "aliases of aliases": Array.from(
    { length: 12 },
    (_, index) => `a${index}: &a${index} [${Array(10).fill(index ? `*a${index - 1}` : "x")}]`,
  ).join("\n"),
  "an alias of itself": "backends: &a [*a, { id: *a }]\nrules: &b { when: *b }",
  "many aliases": `a: &a 1\nb: [${"*a, ".repeat(50_000)}]`,
  "many keys": Array.from({ length: 50_000 }, (_, index) => `k${index}: 1`).join("\n"),
  "many keys on a line": `{${Array.from({ length: 50_000 }, (_, index) => `k${index}: 1`)}}`,
  "one key many times": "k: 1\n".repeat(50_000),
  "open brackets": `backends: ${"[".repeat(100_000)}`,
  "brackets": `backends: ${"[".repeat(5_000)}${"]".repeat(5_000)}`,
  "lists in lists": `backends: ${"- ".repeat(5_000)}x`,
  "mappings in mappings": Array.from({ length: 1_000 }, (_, n) => `${" ".repeat(n)}a:`).join("\n"),
  "a merge of itself": "charger: &a { <<: *a, id: A }",
  "many documents": "charger: { id: A }\n---\n".repeat(5_000),
  "a directive": "%YAML 9.9\n---\ncharger: { id: A }",
  "keys that are no text": "? { a: 1 }\n: b\n? [x]\n: y",
  "tags": "charger: !!set { a, b }\nbackends: !!omap [a: 1]\nfacts: !!js/function 'x'",
  "another encoding": [..."charger: { id: A }"].join("\0"),
};

/** A minute would be an attack; half a second is what the largest of them takes. */
const LONGEST_READ_MS = 10_000;

for (const [what, text] of Object.entries(BOMBS)) {
  Deno.test(`a configuration is read in time, and refused with its place: ${what}`, () => {
    const begin = performance.now();
    check(text);
    assert.ok(!load(text).ok);
    assert.ok(performance.now() - begin < LONGEST_READ_MS);
  });
}

Deno.test("whatever is wrong with a configuration is told with its place", () =>
  campaign(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }).map(edited), check),
    800,
  ));
