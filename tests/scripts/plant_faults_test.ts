// The faults that `deno task plant` plants can still be planted.

import { deepEqual, ok } from "node:assert/strict";
import { FAULTS } from "../../scripts/faults/table.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the text of each planted fault stands in its file exactly once", () => {
  const faults = Object.values(FAULTS).flat();
  ok(faults.length >= 25);
  const lost = faults.filter(({ file, text, instead }) =>
    text === instead || Deno.readTextFileSync(new URL(file, ROOT)).split(text).length !== 2
  );
  deepEqual(lost.map(({ breaks }) => breaks), []);
});

Deno.test("each planted fault names tests that exist", () => {
  for (const path of new Set(Object.values(FAULTS).flat().flatMap(({ tests }) => tests))) {
    ok(Deno.statSync(new URL(path, ROOT)));
  }
});
