// The key `recording`: what it means, and what is wrong with it.

import { deepEqual, equal } from "node:assert/strict";
import { configuration, problems } from "./parse.ts";

Deno.test("a file alone is recorded to, up to 100 MB in each of five", () => {
  deepEqual(configuration("recording: { file: a.jsonl }").recording, {
    file: "a.jsonl",
    maxMb: 100,
    keep: 5,
  });
  equal(configuration("").recording, undefined);
});

Deno.test("mistakes are told with their place", () => {
  deepEqual(problems("recording: { file: data/, max_mb: 0, kep: 3 }"), [
    'c.yaml:1:20: recording.file: found "data/"; expected the path of a file, at most 4096 characters',
    'c.yaml:1:35: recording.max_mb: found "0"; expected a whole number from 1 to 10000',
    "c.yaml:1:38: recording.kep: there is no such key; did you mean 'keep'?",
  ]);
});
