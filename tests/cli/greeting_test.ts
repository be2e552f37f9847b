// What `serve` says when it is ready.

import assert from "node:assert/strict";
import { greeting } from "../../src/cli/greeting.ts";
import { load } from "../config/parse.ts";

function greet(yaml: string, host: string, contained = false): string {
  const loaded = load(yaml);
  assert.ok(loaded.ok);
  return greeting(loaded.configuration, { host, port: 9000 }, undefined, contained);
}

Deno.test("a page that answers on this machine alone is named by an address that this machine has", () => {
  const page = /^A page .*: http:\/\/localhost:9000\/ /m;
  assert.match(greet("", "0.0.0.0"), page);
  assert.doesNotMatch(greet("", "192.168.1.20"), page);
  assert.doesNotMatch(
    greet("api: { tokens: [{ name: a, token: long-enough-token, scopes: [read] }] }", "0.0.0.0"),
    page,
  );
});

Deno.test("in a container nobody is told an address that only the container has", () => {
  const text = greet("", "0.0.0.0", true);
  assert.match(text, /^ {4}ws:\/\/<address of this machine>:9000\/charger$/m);
  assert.doesNotMatch(text, /\d+\.\d+\.\d+\.\d+|localhost/);
});
