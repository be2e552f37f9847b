// What is remembered stays within its bound, and the newest stays.

import { deepEqual } from "node:assert/strict";
import { forgetOldest } from "../../src/replay/forget_oldest.ts";

Deno.test("of a map and of a set, what was put in first is forgotten", () => {
  const map = new Map([["a", 1], ["b", 2], ["c", 3]]);
  forgetOldest(map, 2);
  deepEqual([...map.keys()], ["b", "c"]);
  const set = new Set([1, 2, 3, 4]);
  forgetOldest(set, 1);
  deepEqual([...set], [4]);
});

Deno.test("what is within its bound stays, also where undefined is a key", () => {
  const map = new Map([[undefined, 1]]);
  forgetOldest(map, 1);
  deepEqual([...map.values()], [1]);
  forgetOldest(map, 0);
  deepEqual([...map.values()], []);
});
