// The recorder: lines in pieces, files of bounded size and number, and a disk that fails.

import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Event } from "../../src/core/event.ts";
import { createState } from "../../src/core/step.ts";
import { recordingKey } from "../../src/io/recording_key.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { LineReader } from "../../src/replay/line_reader.ts";
import { RecordingReader } from "../../src/replay/recording_reader.ts";
import { configuration, START } from "../core/harness.ts";
import { EMPTY, FRAME, recorder } from "./recorder_scene.ts";

async function withRecorder(
  test: (scene: { folder: string; file: string; logged: string[] }) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test({ folder, file: join(folder, "r.jsonl"), logged: [] });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function events(file: string): Event[] {
  using lines = new LineReader(file);
  const recording = RecordingReader.of(lines);
  ok(recording, `${file} is no recording`);
  const found: Event[] = [];
  for (let next = recording.take(); next; next = recording.take()) found.push(next.event);
  return found;
}

Deno.test("what is recorded can be read again, and only its owner can read the file", async () => {
  await withRecorder(async ({ file, logged }) => {
    const recording = await recorder(file, logged);
    recording.begin(EMPTY, () => EMPTY);
    const told: Event[] = [{ type: "started" }, FRAME, { type: "tick" }, {
      type: "configured",
      configuration: configuration({ dataTransfer: new Map([["v", "b"]]) }),
    }];
    told.forEach((event, index) => recording.record(START + index, event, 0));
    await recording.close();
    deepEqual(events(file), told);
    equal(Deno.statSync(file).mode! & 0o777, 0o600);
    deepEqual(logged, []);
  });
});

Deno.test("events reach the disk within a second, not one by one", async () => {
  await withRecorder(async ({ file, logged }) => {
    const recording = await recorder(file, logged);
    recording.begin(EMPTY, () => EMPTY);
    const before = Deno.statSync(file).size;
    for (let count = 0; count < 100; count++) recording.record(START, FRAME, 0);
    equal(Deno.statSync(file).size, before);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    equal(events(file).length, 100);
    await recording.close();
  });
});

Deno.test("a full file is followed by one with a header of its own, and the oldest goes", async () => {
  await withRecorder(async ({ folder, file, logged }) => {
    const recording = await recorder(file, logged, { maxBytes: 5_000, keep: 3 });
    const state = createState(EMPTY.configuration, EMPTY.snapshot, START);
    recording.begin(EMPTY, () => ({ ...EMPTY, state }));
    for (let count = 0; count < 3_000; count++) {
      recording.record(START, FRAME, 0);
      recording.rotate();
    }
    await recording.close();
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    deepEqual(names, ["r.jsonl", "r.jsonl.1", "r.jsonl.2"]);
    for (const name of names) {
      using lines = new LineReader(join(folder, name));
      ok(RecordingReader.of(lines)?.header.state, name);
    }
    deepEqual(logged, []);
  });
});

Deno.test("every full file is as long as it may be, and no longer than a piece more", async () => {
  await withRecorder(async ({ file, logged }) => {
    const maxBytes = 100_000;
    const recording = await recorder(file, logged, { maxBytes, keep: 4 });
    recording.begin(EMPTY, () => EMPTY);
    for (let count = 0; count < 8_000; count++) {
      recording.record(START, FRAME, 0);
      recording.rotate();
    }
    await recording.close();
    for (const older of [1, 2, 3]) {
      const { size } = Deno.statSync(`${file}.${older}`);
      ok(size >= maxBytes && size < maxBytes + 80_000, `${size} bytes`);
    }
  });
});

Deno.test("what was recorded before is kept as an older file", async () => {
  await withRecorder(async ({ file, logged }) => {
    for (let run = 0; run < 2; run++) {
      const recording = await recorder(file, logged);
      recording.begin(EMPTY, () => EMPTY);
      recording.record(START + run, { type: "tick" }, 0);
      await recording.close();
    }
    equal(events(file).length, 1);
    equal(events(`${file}.1`).length, 1);
  });
});

Deno.test("a disk that is full ends the recording with one warning, and nothing else", async () => {
  const scene = fileURLToPath(new URL("full_disk_recording.ts", import.meta.url));
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", scene],
    stderr: "inherit",
  }).output();
  ok(success);
  deepEqual(JSON.parse(new TextDecoder().decode(stdout)), [
    "warning the recording has ended: it cannot be written",
  ]);
});

Deno.test("a disk that hangs holds nobody up, and the recording ends at a bound", async () => {
  await withRecorder(async ({ file, logged }) => {
    // A pipe that nobody reads hangs as soon as it is full.
    ok((await new Deno.Command("mkfifo", { args: [file] }).output()).success);
    const reader = await Deno.open(file, { read: true, write: true });
    const recording = await recorder(file, logged);
    recording.begin(EMPTY, () => EMPTY);
    const long: Event = { type: "charger_frame", connection: 1, text: "x".repeat(1_000_000) };
    for (let count = 0; count < 10; count++) recording.record(START, long, 0);
    deepEqual(logged, []);
    for (let count = 0; count < 10; count++) recording.record(START, long, 0);
    deepEqual(logged, ["warning the recording has ended: it cannot be written"]);
    const begin = performance.now();
    await recording.close();
    ok(performance.now() - begin < 2_000);
    // Lets go of whoever still writes.
    reader.close();
  });
});

Deno.test("what cannot be written down ends the recording with one warning, and throws nothing", async () => {
  await withRecorder(async ({ file, logged }) => {
    const recording = await recorder(file, logged);
    recording.begin(EMPTY, () => EMPTY);
    recording.record(START, FRAME, 0);
    // As deep as JSON of the house may be, and no program can walk.
    let attributes: JsonObject = {};
    for (let depth = 0; depth < 100_000; depth++) attributes = { a: attributes };
    recording.record(START, { type: "fact", name: "sensor.a", value: null, attributes }, 0);
    recording.record(START, FRAME, 0);
    deepEqual(logged, ["warning the recording has ended: it cannot be written"]);
    await recording.close();
  });
});

Deno.test("with a key, no tag is in the file", async () => {
  await withRecorder(async ({ folder, file, logged }) => {
    const key = recordingKey(folder);
    equal(recordingKey(folder), key, "another key");
    equal(Deno.statSync(join(folder, "recording.key")).mode! & 0o777, 0o600);
    const recording = await recorder(file, logged, { key });
    recording.begin(EMPTY, () => EMPTY);
    recording.record(START, FRAME, 0);
    await recording.close();
    const text = Deno.readTextFileSync(file);
    doesNotMatch(text, /04A2B3C4D5/i);
    match(text, /"idTags":"pseudonyms"/);
    ok(!text.includes(key), "the key is in the recording");
  });
});
