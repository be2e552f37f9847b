// Which known name somebody most likely meant.

import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { editDistance, nearest } from "../../src/config/nearest.ts";

const KEYS = ["backends", "listen", "time_zone", "log", "heartbeat_interval_s", "id"];

Deno.test("a slip of the fingers finds its key", () => {
  equal(nearest("backend", KEYS), "backends");
  equal(nearest("bakcends", KEYS), "backends");
  equal(nearest("Listen", KEYS), "listen");
  equal(nearest("timezone", KEYS), "time_zone");
  equal(nearest("heartbeatIntervalS", KEYS), "heartbeat_interval_s");
  equal(nearest("heartbeat", KEYS), "heartbeat_interval_s");
});

Deno.test("what is like none finds none", () => {
  equal(nearest("wibble", KEYS), undefined);
  equal(nearest("xy", KEYS), undefined);
  equal(nearest("", KEYS), undefined);
  equal(nearest("anything", []), undefined);
});

Deno.test("the distance counts insertions, deletions, substitutions and swaps", () => {
  equal(editDistance("", "abc"), 3);
  equal(editDistance("abc", "abc"), 0);
  equal(editDistance("abc", "acb"), 1);
  equal(editDistance("kitten", "sitting"), 3);
});

Deno.test("the distance is symmetric and at most the longer length", () => {
  fc.assert(fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
    equal(editDistance(a, b), editDistance(b, a));
    ok(editDistance(a, b) <= Math.max(a.length, b.length));
    equal(editDistance(a, b) === 0, a === b);
  }));
});
