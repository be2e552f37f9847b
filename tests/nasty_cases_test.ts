// Every nasty case of the protocol digest (N01–N72) is the name of a test, or has its reason here.

import assert from "node:assert/strict";

/** Numbers that were never given. */
const NOT_GIVEN = ["N19", "N29", "N49"];

/** Cases, or parts of them, that nothing here shows yet. */
const NOT_SHOWN: Readonly<Record<string, string>> = {
  N11: "a backend that has forgotten a running transaction: repeating the start by hand is an " +
    "owner's command, which comes with the owner's other commands; that an answered start is not " +
    "repeated by itself is shown in core/delivery_test.ts",
};

/** The names in the test files below a folder. */
function named(folder: URL): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    if (entry.isDirectory) return named(new URL(`${entry.name}/`, folder));
    if (!entry.name.endsWith("_test.ts") || entry.name === "nasty_cases_test.ts") return [];
    return Deno.readTextFileSync(new URL(entry.name, folder))
      .split("\n").filter((line) => /["`]N\d\d\b/.test(line))
      .flatMap((line) => line.match(/\bN\d\d\b/g) ?? []);
  });
}

Deno.test("every nasty case is shown by a test, or says why not", () => {
  const known = new Set([...named(new URL(".", import.meta.url)), ...NOT_GIVEN]);
  const missing = Array.from({ length: 72 }, (_, index) => `N${String(index + 1).padStart(2, "0")}`)
    .filter((name) => !known.has(name) && !(name in NOT_SHOWN));
  assert.deepEqual(missing, []);
});
