// What is written as Open OCPP Trace 1.1, field by field, and for every recording there is.

import { deepEqual, equal, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import * as v from "valibot";
import type { Scene } from "../../src/replay/engine.ts";
import { LineReader } from "../../src/replay/line_reader.ts";
import { play, sourceOf } from "../../src/replay/play_file.ts";
import { TraceReader } from "../../src/replay/trace_reader.ts";
import { TraceWriter } from "../../src/replay/trace_writer.ts";
import { backend, configuration } from "../core/harness.ts";
import { Recorded, withSource } from "./fixture.ts";

const AT = Date.parse("2026-01-31T14:03:20.040Z");
const RECORDINGS = fileURLToPath(new URL("../recordings/", import.meta.url));

/** A writer that knows a charger, an OCPP backend on connection 2 and a JSON one on 3. */
function connected(): TraceWriter {
  const writer = new TraceWriter();
  const remoteAddress = "192.0.2.1";
  const opened = (protocol: "ocpp1.6" | "json", connection: number): Scene => ({
    type: "event",
    at: AT,
    event: { type: "backend_connected", backendId: "b", connection, protocol, remoteAddress },
  });
  const charger = {
    type: "charger_connected",
    connection: 1,
    chargePointId: "CP7",
    remoteAddress,
  } as const;
  for (
    const scene of [
      { type: "event", at: AT, event: charger } as const,
      opened("ocpp1.6", 2),
      opened("json", 3),
    ]
  ) equal(writer.line(scene), undefined);
  return writer;
}

function frame(
  type: "sent" | "received",
  backendId: string | undefined,
  connection: number,
  text: string,
): Scene {
  return { type, at: AT, backendId, connection, text };
}

function written(writer: TraceWriter, ...scene: Parameters<typeof frame>): unknown {
  const line = writer.line(frame(...scene));
  return line === undefined ? undefined : JSON.parse(line);
}

const COMMON = {
  schemaVersion: "1.1",
  timestamp: "2026-01-31T14:03:20.040Z",
  ocppVersion: "1.6",
  transport: "json",
  chargePointId: "CP7",
};

Deno.test("a CALL of the charger and its answer", () => {
  const writer = connected();
  const call = '[2, "1","MeterValues",{"connectorId":1,"meterValue":[]}]';
  const meta = { peer: "charger", hop: "charger", conn: 1 };
  deepEqual(written(writer, "received", undefined, 1, call), {
    ...COMMON,
    connectorId: 1,
    direction: "cp-to-csms",
    messageType: "CALL",
    messageId: "1",
    action: "MeterValues",
    payload: { connectorId: 1, meterValue: [] },
    raw: call,
    meta,
  });
  deepEqual(written(writer, "sent", undefined, 1, '[3,"1",{}]'), {
    ...COMMON,
    connectorId: 1,
    direction: "csms-to-cp",
    messageType: "CALLRESULT",
    messageId: "1",
    action: "MeterValues",
    payload: {},
    raw: '[3,"1",{}]',
    meta,
  });
});

Deno.test("to a backend we are the charge point; a CALLERROR has its error", () => {
  const writer = connected();
  const meta = { peer: "b", hop: "backend", conn: 2 };
  const call = '[2,"x","Reset",{"type":"Soft"}]';
  deepEqual(written(writer, "received", "b", 2, call), {
    ...COMMON,
    direction: "csms-to-cp",
    messageType: "CALL",
    messageId: "x",
    action: "Reset",
    payload: { type: "Soft" },
    raw: call,
    meta,
  });
  const error = '[4,"x","SecurityError","not yours",{"a":1}]';
  deepEqual(written(writer, "sent", "b", 2, error), {
    ...COMMON,
    direction: "cp-to-csms",
    messageType: "CALLERROR",
    messageId: "x",
    action: "Reset",
    payload: {},
    error: { code: "SecurityError", description: "not yours", details: { a: 1 } },
    raw: error,
    meta,
  });
});

Deno.test("the same id both ways at once, and once more later, is not mixed up", () => {
  const writer = connected();
  const action = (...scene: Parameters<typeof frame>) =>
    (written(writer, ...scene) as { action?: string }).action;
  equal(action("received", undefined, 1, '[2,"1","Heartbeat",{}]'), "Heartbeat");
  equal(action("sent", undefined, 1, '[2,"1","ClearCache",{}]'), "ClearCache");
  equal(action("received", undefined, 1, '[3,"1",{"status":"Accepted"}]'), "ClearCache");
  equal(action("sent", undefined, 1, '[3,"1",{"currentTime":"x"}]'), "Heartbeat");
  equal(action("sent", undefined, 1, '[3,"1",{"currentTime":"x"}]'), undefined);
});

Deno.test("what is no frame keeps its text, and says what is wrong", () => {
  const { raw, error } = written(connected(), "received", undefined, 1, "[2,") as {
    raw: string;
    error: { code: string };
  };
  deepEqual([raw, error.code], ["[2,", "FormationViolation"]);
});

Deno.test("the simple protocol of JSON backends is not OCPP, and not in it", () => {
  const writer = connected();
  equal(written(writer, "received", "b", 3, '{"action":"subscribe"}'), undefined);
  equal(written(writer, "sent", "b", 3, '{"type":"heartbeat"}'), undefined);
});

Deno.test("who is connected already when a recording begins is in it", () => {
  const recorded = new Recorded(configuration({ backends: [backend("b", "biller")] }));
  recorded.connectCharger();
  recorded.connectBackend("b", 2, "ocpp1.6");
  const writer = new TraceWriter();
  writer.begin(recorded.state);
  const { chargePointId } = written(writer, "sent", "b", 2, '[2,"1","Heartbeat",{}]') as {
    chargePointId: string;
  };
  equal(chargePointId, "CP001");
});

/** The format: no other fields, and no other words. */
const LINE = v.strictObject({
  schemaVersion: v.literal("1.1"),
  timestamp: v.pipe(v.string(), v.isoTimestamp()),
  ocppVersion: v.literal("1.6"),
  transport: v.literal("json"),
  chargePointId: v.string(),
  connectorId: v.optional(v.pipe(v.number(), v.integer())),
  direction: v.picklist(["cp-to-csms", "csms-to-cp"]),
  messageType: v.picklist(["CALL", "CALLRESULT", "CALLERROR"]),
  messageId: v.string(),
  action: v.optional(v.string()),
  payload: v.record(v.string(), v.unknown()),
  raw: v.string(),
  error: v.optional(
    v.strictObject({
      code: v.string(),
      description: v.string(),
      details: v.record(v.string(), v.unknown()),
    }),
  ),
  meta: v.strictObject({
    peer: v.string(),
    hop: v.picklist(["charger", "backend"]),
    conn: v.number(),
  }),
});

Deno.test("every frame of every recording fits the format, and is read again as it was", () => {
  let frames = 0;
  for (const { name } of Deno.readDirSync(RECORDINGS)) {
    if (!/^(household|frame|quirk|log|trace|peer)-[^.]*\.(jsonl|log)$/.test(name)) continue;
    const texts: string[] = [];
    let trace = "";
    const writer = new TraceWriter();
    using lines = new LineReader(`${RECORDINGS}${name}`);
    play(sourceOf(lines), undefined, {
      show(scene) {
        const line = writer.line(scene);
        if (line === undefined) return;
        frames++;
        trace += line;
        const { issues } = v.safeParse(LINE, JSON.parse(line));
        ok(issues === undefined, `${name}: ${issues?.[0].message}\n${line}`);
        if (line.includes('"hop":"charger"')) texts.push(JSON.parse(line).raw);
      },
    });
    withSource(trace, (source) => {
      ok(source.type === "foreign" && source.log instanceof TraceReader, name);
      deepEqual([...source.log].map(({ text }) => text), texts);
    });
  }
  ok(frames > 3_000, String(frames));
});
