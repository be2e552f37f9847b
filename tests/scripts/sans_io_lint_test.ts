// The lint rule that keeps src/ocpp and src/core away from the world.

import { deepEqual, equal, match } from "node:assert/strict";
import plugin from "../../scripts/sans_io_lint.ts";

function findings(fileName: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, fileName, source).map((found) => found.message);
}

const FORBIDDEN: readonly string[] = [
  `import { readFileSync } from "node:fs";`,
  `import * as v from "valibot";`,
  `import { x } from "../io/store.ts";`,
  `import { evaluate } from "@marcbachmann/cel-js/evaluator";`,
  `import type { Configuration } from "../config/configuration.ts";`,
  `import { app } from "../cli/app.ts";`,
  `import x from "../../main.ts";`,
  `import x from "https://example.com/x.ts";`,
  `export { x } from "../io/store.ts";`,
  `export * from "node:os";`,
  `const x = import("../io/store.ts");`,
  `declare const name: string; import(name);`,
  `Deno.readTextFileSync("x");`,
  `globalThis.Deno;`,
  `process.exit(1);`,
  `const now = Date.now();`,
  `const now = Date["now"]();`,
  `const read = Date.now;`,
  `const now = new Date();`,
  `const now = Date();`,
  `const now = performance.now();`,
  `const now = Temporal.Now.instant();`,
  `const n = Math.random();`,
  `const id = crypto.randomUUID();`,
  `setTimeout(() => {}, 1);`,
  `setInterval(() => {}, 1);`,
  `queueMicrotask(() => {});`,
  `console.log("x");`,
  `fetch("http://127.0.0.1");`,
  `new WebSocket("ws://127.0.0.1");`,
  `const later = Promise.resolve();`,
  `const x = { fetch };`,
  `async function later() {}`,
  `const later = async () => {};`,
  `const x = { async later() {} };`,
  `declare const source: AsyncIterable<number>; for await (const x of source) x;`,
];

const ALLOWED: readonly string[] = [
  `import { parseFrame } from "../ocpp/frame.ts";`,
  `import type { Event } from "./event.ts";`,
  `import { x } from "./rules/parse.ts";`,
  `import { Environment } from "@marcbachmann/cel-js";`,
  `export type { Event } from "./event.ts";`,
  `const at = new Date(0);`,
  `const at = Date.parse("2024-01-01T00:00:00Z");`,
  `const x = Math.max(1, 2);`,
  `interface Frame { process: string; fetch(): void }`,
  `declare const frame: { process: string }; frame.process;`,
  `const x = { console: 1, Deno: 2 };`,
];

for (const source of FORBIDDEN) {
  Deno.test(`the core may not contain: ${source}`, () => {
    const found = findings("src/core/sample.ts", source);
    equal(found.length >= 1, true, "nothing was found");
    match(found[0] ?? "", /^src\/core is pure: no/);
  });
}

for (const source of ALLOWED) {
  Deno.test(`the core may contain: ${source}`, () => {
    deepEqual(findings("src/core/sample.ts", source), []);
  });
}

Deno.test("src/ocpp may not even import from the core", () => {
  deepEqual(findings("src/ocpp/sample.ts", `import type { Event } from "../core/event.ts";`), [
    `src/ocpp is pure: no import of "../core/event.ts"`,
  ]);
  deepEqual(findings("src/ocpp/sample.ts", `import { Environment } from "@marcbachmann/cel-js";`), [
    `src/ocpp is pure: no import of "@marcbachmann/cel-js"`,
  ]);
});

Deno.test("other folders may do as they like", () => {
  for (const source of FORBIDDEN) {
    deepEqual(findings("src/io/sample.ts", source), []);
    deepEqual(findings("src/config/sample.ts", source), []);
  }
});

Deno.test("the rule also holds with an absolute path and in a folder below", () => {
  equal(findings("/home/somebody/ocpp-proxy/src/core/rules/parse.ts", "Date.now();").length, 1);
  equal(findings("C:\\proxy\\src\\core\\step.ts", "Date.now();").length, 1);
  deepEqual(
    findings("/x/src/core/rules/parse.ts", `import { f } from "../../ocpp/frame.ts";`),
    [],
  );
});
