// The faults that `deno task plant` plants can still be planted.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { runTests } from "../../scripts/faults/run_tests.ts";
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

Deno.test("tests that pass, fail, never end or cannot run are told apart", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const files = {
      "passes_test.ts": 'Deno.test("it passes", () => {});',
      "defines.ts": "export const define = (name, test) => Deno.test(name, test);",
      "fails_test.ts": 'import { define } from "./defines.ts";' +
        'define("it fails", () => { throw new Error("no"); });',
      "hangs_test.ts": 'Deno.test("it hangs", () => { while (true); });',
      "broken_test.ts": 'import "./nowhere.ts";',
    };
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    const run = (name: string, limitMs = Infinity) => runTests(folder, [name], limitMs);
    deepEqual(await run("passes_test.ts"), { type: "passed" });
    const failed = await run("fails_test.ts");
    ok(failed.type === "failed");
    deepEqual([failed.file, failed.because], ["fails_test.ts", "fails_test.ts: it fails"]);
    equal((await run("hangs_test.ts", 2_000)).type, "late");
    const broken = await run("broken_test.ts");
    ok(broken.type === "broken");
    match(broken.because, /nowhere/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
