// The map of the code names every file of the core and of the shell, and no others.

import assert from "node:assert/strict";

const SOURCE = new URL("../../src/", import.meta.url);

const map = Deno.readTextFileSync(new URL("README.md", SOURCE));

/** What stands in it, such as `step.ts`, or `io/socket.ts`; the answers of REST go by one name. */
const named = new Set(
  [...map.matchAll(/`(?:[a-z]+\/)?([a-z_\d]+\.(?:ts|sql))`/g)].map(([, name]) => name!),
);

function filesOf(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, SOURCE))].map(({ name }) => name)
    .filter((name) => /\.(?:ts|sql)$/.test(name));
}

const files = [...filesOf("core/"), ...filesOf("io/")];

Deno.test("every file of the core and of the shell is on the map", () => {
  const missing = files.filter((name) => !named.has(name))
    // One row speaks of all of them, and one of the steps from schema to schema.
    .filter((name) => !name.startsWith("api_") && !/^schema_\d+\.sql$/.test(name));
  assert.deepEqual(missing, []);
});

Deno.test("every file on the map is there", () => {
  const gone = [...named].filter((name) => !files.includes(name) && name !== "sans_io_lint.ts");
  assert.deepEqual(gone, []);
});
