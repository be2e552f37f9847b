// Recorded traffic and the defects of real equipment, frame by frame through the codec.

import assert from "node:assert/strict";
import { ACTIONS, isAction } from "../../src/ocpp/action.ts";
import { type Frame, parseFrame } from "../../src/ocpp/frame.ts";
import { repairConfirmation, repairRequest } from "../../src/ocpp/repair.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { checkConfirmation, checkRequest } from "../../src/ocpp/validate.ts";

const CORPORA = new URL("../corpora/", import.meta.url);
const NOW = Date.UTC(2026, 5, 1);

/** One line of an Open OCPP Trace 1.1. */
interface TraceLine {
  readonly direction: "cp-to-csms" | "csms-to-cp";
  readonly messageType: "CALL" | "CALLRESULT" | "CALLERROR";
  readonly messageId: string;
  readonly raw?: string;
  readonly action?: string;
  readonly payload: unknown;
}

function lines<T>(folder: string, file: string): T[] {
  const text = Deno.readTextFileSync(new URL(`${folder}/${file}`, CORPORA));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

function files(folder: string): string[] {
  const names = [...Deno.readDirSync(new URL(`${folder}/`, CORPORA))].map(({ name }) => name);
  return names.filter((name) => name.endsWith(".jsonl")).sort();
}

for (const folder of ["recorded", "traces"]) {
  for (const file of files(folder)) {
    Deno.test(`${folder}/${file}: every frame decodes and is valid or repaired`, () => {
      const pending = new Map<string, Action>();
      let frames = 0;
      for (const line of lines<TraceLine>(folder, file)) {
        frames += 1;
        const frame = parseFrame(line.raw ?? rawOf(line));
        const charger = line.direction === "cp-to-csms";
        const back = `${charger ? "csms-to-cp" : "cp-to-csms"} ${line.messageId}`;
        assert.notEqual(frame.type, "malformed", line.raw ?? "");
        if (frame.type === "call") {
          assert.equal(frame.id, line.messageId);
          assert(isAction(frame.action));
          pending.set(`${line.direction} ${frame.id}`, frame.action);
          const sender = charger ? "charge_point" : "central_system";
          assert([sender, "both"].includes(ACTIONS[frame.action].sender));
          if (charger) {
            const result = repairRequest(frame.action, frame.payload, NOW);
            assert(result.ok, `${frame.action}: ${!result.ok && result.fault.message}`);
            const strict = checkRequest(frame.action, frame.payload).ok;
            assert(!strict || result.repairs.length === 0 || result.clockCorrected);
          } else {
            const verdict = checkRequest(frame.action, frame.payload);
            assert(verdict.ok, `${frame.action}: ${!verdict.ok && verdict.fault.message}`);
          }
        } else if (frame.type === "result") {
          const action = pending.get(back);
          assert(action !== undefined, `no CALL for ${line.raw}`);
          const verdict = charger
            ? repairConfirmation(action, frame.payload)
            : checkConfirmation(action, frame.payload);
          assert(verdict.ok, `${action}: ${!verdict.ok && verdict.fault.message}`);
        }
      }
      assert(frames > 0);
    });
  }
}

function rawOf({ messageType, messageId, action, payload }: TraceLine): string {
  assert(messageType !== "CALLERROR");
  const frame = messageType === "CALL" ? [2, messageId, action, payload] : [3, messageId, payload];
  return JSON.stringify(frame);
}

interface Quirk {
  readonly name: string;
  readonly from: "charger" | "backend";
  readonly raw?: string;
  readonly raws?: string[];
}

const QUIRKS = lines<Quirk>("quirks", "quirks.jsonl");

/** What becomes of a charger's frame: its repairs, or why there is none. */
function outcome(frame: Frame): string {
  if (frame.type !== "call") return frame.type;
  if (!isAction(frame.action)) return "unknown action";
  const result = repairRequest(frame.action, frame.payload, NOW);
  return result.ok ? result.repairs.join("; ") : `fault: ${result.fault.code}`;
}

function quirk(name: string): Frame {
  const row = QUIRKS.find((one) => one.name === name);
  assert(row?.raw !== undefined, `the corpus has no ${name}`);
  return parseFrame(row.raw);
}

/** Chargers' requests that are not simply valid. */
const REPAIRED: Readonly<Record<string, string>> = {
  "metervalue-object-not-array": "meterValue put into an array",
  "sampledvalue-number": "meterValue[].sampledValue[].value a number, written as text",
  "sampledvalue-empty-string":
    "meterValue[].sampledValue[] dropped: unusable; meterValue[] dropped: unusable",
  "unit-hertz": "meterValue[].sampledValue[].unit dropped: the schema has no Hertz",
  "timestamp-1970": "meterValue[].timestamp from before 2020: the time of receipt stands in",
  "timestamp-no-zone": "timestamp rewritten as RFC 3339",
  "errorcode-unknown": "errorCode unknown: OtherError, and its word in vendorErrorCode",
  "info-over-50": "info truncated to 50 characters",
  "null-optional": "info dropped: null",
  "extra-field": "foo dropped: it is not a field of this message",
  "boot-serial-34": "chargePointSerialNumber truncated to 25 characters; " +
    "chargeBoxSerialNumber truncated to 25 characters",
  "idtag-21": "fault: PropertyConstraintViolation",
  "action-lowercase": "unknown action",
};

/** Chargers' frames that are no requests, or not readable: each has its own test below. */
const OTHER_FRAMES = new Set([
  "spaces-in-result",
  "call-no-payload",
  "payload-array",
  "result-null",
  "error-4-elements",
  "error-code-misspelled",
  "error-empty-id",
  "orphan-result",
  "type-9",
  "truncated-json",
  "missing-array-value",
  "config-value-over-500",
  "config-value-number",
  "composite-extra",
]);

Deno.test("quirks: every request of a charger is understood as it wants to be", () => {
  const chargers = QUIRKS.filter(({ from, name }) => from === "charger" && !OTHER_FRAMES.has(name));
  for (const { name, raw, raws } of chargers) {
    for (const text of raws ?? [raw!]) {
      const frame = parseFrame(text);
      assert.equal(frame.type, "call", name);
      assert.equal(outcome(frame), REPAIRED[name] ?? "", name);
    }
  }
  for (const name of [...Object.keys(REPAIRED), ...OTHER_FRAMES]) {
    assert(QUIRKS.some((one) => one.name === name), `the corpus has no ${name}`);
  }
});

Deno.test("quirks: a numeric id keeps its JSON type", () => {
  assert.deepEqual(quirk("numeric-id"), {
    type: "call",
    id: 17,
    action: "Heartbeat",
    payload: {},
  });
  const backend = quirk("numeric-id-backend");
  assert(backend.type === "call" && backend.id === 42);
});

Deno.test("quirks: a CALL without a usable payload is refused by its id", () => {
  for (const [name, id] of [["call-no-payload", "x2"], ["payload-array", "x4"]]) {
    const frame = quirk(name!);
    assert(frame.type === "malformed" && frame.reply !== undefined, name ?? "");
    assert.equal(frame.reply.id, id);
    assert.equal(frame.reply.code, "FormationViolation");
  }
});

Deno.test("quirks: what cannot be read is told apart by whose CALL it was", () => {
  const truncated = quirk("truncated-json");
  assert(truncated.type === "malformed");
  assert.equal(truncated.reply?.id, "x9");
  assert.equal(truncated.failedCall, undefined);
  const grizzly = quirk("missing-array-value");
  assert(grizzly.type === "malformed");
  assert.equal(grizzly.failedCall, "x10");
  assert.equal(grizzly.reply, undefined);
  const nine = quirk("type-9");
  assert(nine.type === "malformed");
  assert.equal(nine.reply ?? nine.failedCall, undefined);
});

Deno.test("quirks: answers with what they lack", () => {
  assert.deepEqual(quirk("spaces-in-result"), {
    type: "result",
    id: "a2",
    payload: { status: "Accepted" },
  });
  assert.deepEqual(quirk("result-null"), { type: "result", id: "x5", payload: {} });
  assert.deepEqual(quirk("orphan-result"), { type: "result", id: "never-sent", payload: {} });
  const error = { type: "error", description: "", details: {} };
  assert.deepEqual(quirk("error-4-elements"), { ...error, id: "x6", code: "GenericError" });
  assert.deepEqual(quirk("error-empty-id"), { ...error, id: "", code: "ProtocolError" });
  assert.deepEqual(quirk("error-code-misspelled"), {
    ...error,
    id: "x7",
    code: "OccurrenceConstraintViolation",
  });
});

Deno.test("quirks: confirmations that only strict peers refuse", () => {
  const rows: readonly [string, Action, string][] = [
    [
      "config-value-over-500",
      "GetConfiguration",
      "configurationKey[].value truncated to 500 characters",
    ],
    [
      "config-value-number",
      "GetConfiguration",
      "configurationKey[].value a number, written as text",
    ],
    [
      "composite-extra",
      "GetCompositeSchedule",
      "chargingSchedule ends where it has no limit; chargingSchedule dropped: it limits nothing",
    ],
  ];
  for (const [name, action, repairs] of rows) {
    const frame = quirk(name);
    assert(frame.type === "result");
    const result = repairConfirmation(action, frame.payload);
    assert(result.ok);
    assert.equal(result.repairs.join("; "), repairs, name);
  }
});

Deno.test("quirks: a backend's frames are told apart before they reach a charger", () => {
  const unknown = quirk("unknown-action-backend");
  assert(unknown.type === "call" && !isAction(unknown.action));
  const direction = quirk("cp-action-from-backend");
  assert(direction.type === "call" && isAction(direction.action));
  assert.equal(ACTIONS[direction.action].sender, "charge_point");
  const codes: readonly [string, string][] = [
    ["bad-reset-type", "PropertyConstraintViolation"],
    ["limit-2-decimals", "PropertyConstraintViolation"],
  ];
  for (const [name, code] of codes) {
    const frame = quirk(name);
    assert(frame.type === "call" && isAction(frame.action), name);
    const verdict = checkRequest(frame.action, frame.payload);
    assert(!verdict.ok && verdict.fault.code === code, name);
  }
  for (const name of ["heartbeat-interval-abc", "id-37-backend", "remote-stop-minus-1"]) {
    const frame = quirk(name);
    assert(frame.type === "call" && isAction(frame.action), name);
    assert(checkRequest(frame.action, frame.payload).ok, name);
  }
  const large = quirk("accept-txid-2e31");
  assert(large.type === "result" && checkConfirmation("StartTransaction", large.payload).ok);
  const none = quirk("start-conf-null");
  assert(none.type === "result" && !checkConfirmation("StartTransaction", none.payload).ok);
});
