// Every recording, trace and log of this folder, played once more: what was sent and decided stays.
//
// A new bug report is a new file here. `deno test -A tests/recordings -- --update` writes what it
// shows beside it, in <file>.expected.jsonl: read that before it is committed.

import { fail } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { differenceText, Expectation } from "../../src/replay/expectation.ts";
import { ExpectationUpdate } from "../../src/replay/expectation_update.ts";
import type { Scene } from "../../src/replay/engine.ts";
import { LineReader } from "../../src/replay/line_reader.ts";
import { decidingConfiguration, play, sourceOf } from "../../src/replay/play_file.ts";

const FOLDER = fileURLToPath(new URL("./", import.meta.url));
const EXPECTED = ".expected.jsonl";

const FILES = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).sort()
  .filter((name) => /\.(jsonl|log)$/.test(name) && !name.endsWith(EXPECTED));

for (const name of FILES) {
  Deno.test(`${name} shows what is expected`, () => {
    const path = `${FOLDER}${name}`;
    if (Deno.args.includes("--update")) update(path);
    compare(path);
  });
}

Deno.test("every expectation has its recording", () => {
  const lonely = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
    .filter((name) => name.endsWith(EXPECTED) && !FILES.includes(name.slice(0, -EXPECTED.length)));
  if (lonely.length > 0) fail(lonely.join(", "));
});

function playFile(path: string, show: (scene: Scene) => void): void {
  using lines = new LineReader(path);
  play(sourceOf(lines), undefined, { show });
}

function compare(path: string): void {
  using lines = new LineReader(path);
  const { timeZone } = decidingConfiguration(sourceOf(lines), undefined);
  using expected = openExpectation(path);
  const expectation = new Expectation(expected, timeZone);
  playFile(path, (scene) => expectation.compare(scene));
  expectation.end();
  if (expectation.difference) fail(differenceText(expectation.difference));
}

function openExpectation(path: string): LineReader {
  if (isThere(`${path}${EXPECTED}`)) return new LineReader(`${path}${EXPECTED}`);
  fail("there is no expectation yet; --update writes it, to be read before it is committed");
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function update(path: string): void {
  using former = isThere(`${path}${EXPECTED}`) ? new LineReader(`${path}${EXPECTED}`) : undefined;
  const update = new ExpectationUpdate(former);
  let text = "";
  playFile(path, (scene) => text += update.line(scene) ?? "");
  Deno.writeTextFileSync(`${path}${EXPECTED}`, text);
}
