// Repair: what comes out is strictly valid, and means what the charger meant.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { ACTIONS } from "../../src/ocpp/action.ts";
import type { JsonObject, JsonValue } from "../../src/ocpp/json.ts";
import { squash } from "../../src/ocpp/mend.ts";
import { repairConfirmation, repairRequest } from "../../src/ocpp/repair.ts";
import { parseTime } from "../../src/ocpp/time.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { checkConfirmation, checkRequest } from "../../src/ocpp/validate.ts";
import * as vocabulary from "../../src/ocpp/vocabulary.ts";
import { isPublishedValid, type Kind, spoiltPayload, validPayload } from "./oracle.ts";

const NOW = parseTime("2026-06-01T12:00:00Z")!;
const NOW_TEXT = "2026-06-01T12:00:00Z";
const ALL = Object.keys(ACTIONS) as Action[];

function check(action: Action, kind: Kind, payload: JsonObject) {
  return kind === "request" ? checkRequest(action, payload) : checkConfirmation(action, payload);
}

function repair(action: Action, kind: Kind, payload: JsonObject) {
  return kind === "request"
    ? repairRequest(action, payload, NOW)
    : repairConfirmation(action, payload);
}

function repairedRequest(action: Action, payload: JsonObject) {
  const result = repairRequest(action, payload, NOW);
  assert(result.ok, result.ok ? "" : result.fault.message);
  return result;
}

const status = { connectorId: 1, errorCode: "NoError", status: "Available" };
const start = { connectorId: 1, idTag: "A", meterStart: 10, timestamp: NOW_TEXT };
const stop = { transactionId: 1, meterStop: 10, timestamp: NOW_TEXT };

function sampled(...samples: JsonObject[]): JsonObject {
  return { connectorId: 1, meterValue: [{ timestamp: NOW_TEXT, sampledValue: samples }] };
}

/** The repaired samples of a MeterValues with these samples. */
function samples(...raw: JsonObject[]): unknown {
  const { value } = repairedRequest("MeterValues", sampled(...raw));
  return (value as { meterValue: { sampledValue: unknown }[] }).meterValue[0]?.sampledValue;
}

Deno.test("whatever is repaired is valid to us and to the published schema, and stays as it is", () => {
  for (const action of ALL) {
    for (const kind of ["request", "confirmation"] as const) {
      const payloads = fc.oneof(validPayload(action, kind), spoiltPayload(action, kind));
      fc.assert(
        fc.property(payloads, (payload) => {
          const before = JSON.stringify(payload);
          const result = repair(action, kind, payload);
          assert.equal(JSON.stringify(payload), before, "the payload given was changed");
          if (!result.ok) {
            assert(!check(action, kind, payload).ok, "a valid message was refused");
            assert(result.fault.path.length > 0 && result.fault.message.length > 0);
            return;
          }
          const value: JsonObject = result.value;
          const verdict = check(action, kind, value);
          assert(verdict.ok, verdict.ok ? "" : verdict.fault.message);
          assert(isPublishedValid(action, kind, value));
          const again = repair(action, kind, value);
          assert(again.ok);
          assert.deepEqual(again.repairs, []);
          assert.deepEqual(again.value, value);
        }),
        { numRuns: 150 },
      );
    }
  }
});

Deno.test("repair never throws, whatever object it is given", () => {
  const anything = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
  fc.assert(fc.property(fc.constantFrom(...ALL), anything, (action, payload) => {
    repair(action, "request", payload as JsonObject);
    repair(action, "confirmation", payload as JsonObject);
  }));
});

Deno.test("no two words of one list differ in punctuation and case only", () => {
  for (const words of Object.values(vocabulary)) {
    assert.equal(new Set(words.map(squash)).size, words.length, words.join());
  }
});

Deno.test("a valid request comes out as it went in, without repairs", () => {
  const full = {
    connectorId: 1,
    transactionId: 7,
    meterValue: [{
      timestamp: "2026-01-01T01:00:00.123456+01:00",
      sampledValue: [{ value: "12.50", unit: "kWh", measurand: "Energy.Active.Import.Register" }],
    }],
  };
  assert.deepEqual(repairRequest("MeterValues", full, NOW), {
    ok: true,
    value: full,
    repairs: [],
    clockCorrected: false,
  });
});

Deno.test("general repairs: each defect, its remedy and its text", () => {
  const rows: readonly [Action, JsonObject, JsonObject, readonly string[]][] = [
    ["StatusNotification", { ...status, info: "i".repeat(51) }, {
      ...status,
      info: "i".repeat(50),
    }, ["info truncated to 50 characters"]],
    ["StatusNotification", { ...status, info: null }, status, ["info dropped: null"]],
    ["StatusNotification", { ...status, info: "" }, { ...status, info: "" }, []],
    ["StatusNotification", { ...status, foo: { a: 1 } }, status, [
      "foo dropped: it is not a field of this message",
    ]],
    ["StatusNotification", { ...status, info: "a\0b\0" }, { ...status, info: "ab" }, [
      "info freed of NUL characters",
    ]],
    ["StatusNotification", { ...status, info: 7 }, { ...status, info: "7" }, [
      "info a number, written as text",
    ]],
    ["StatusNotification", { ...status, connectorId: " 1" }, status, [
      "connectorId text, read as a number",
    ]],
    ["StatusNotification", { ...status, status: "AVAILABLE " }, status, [
      "status spelled Available",
    ]],
    ["StatusNotification", { ...status, errorCode: "Error" }, {
      ...status,
      errorCode: "OtherError",
      vendorErrorCode: "Error",
    }, ["errorCode unknown: OtherError, and its word in vendorErrorCode"]],
    ["StatusNotification", { ...status, errorCode: "Error", vendorErrorCode: "E7" }, {
      ...status,
      errorCode: "OtherError",
      vendorErrorCode: "E7",
    }, ["errorCode unknown: OtherError, and its word in vendorErrorCode"]],
    ["StatusNotification", { connectorId: 1, status: "Available" }, status, [
      "errorCode missing: NoError",
    ]],
    ["BootNotification", { chargePointVendor: "" }, {
      chargePointVendor: "unknown",
      chargePointModel: "unknown",
    }, ["chargePointVendor empty: unknown", "chargePointModel empty: unknown"]],
    ["StartTransaction", { ...start, meterStart: 10.4, connectorId: 0 }, start, [
      "connectorId 0, read as 1",
      "meterStart rounded",
    ]],
    ["StartTransaction", { ...start, idTag: 12345 }, { ...start, idTag: "12345" }, [
      "idTag a number, written as text",
    ]],
    ["StopTransaction", { ...stop, reason: "Unplugged" }, { ...stop, reason: "Other" }, [
      "reason unknown: Other",
    ]],
    ["StopTransaction", { ...stop, reason: "" }, stop, ["reason dropped: empty"]],
    ["StopTransaction", { ...stop, idTag: "x".repeat(21) }, stop, ["idTag dropped: unusable"]],
    ["StopTransaction", { ...stop, transactionId: "9007199254740993" }, {
      ...stop,
      transactionId: 9007199254740993n,
    }, ["transactionId text, read as a number"]],
    ["DataTransfer", { vendorId: "V", data: { a: [1] } }, { vendorId: "V", data: '{"a":[1]}' }, [
      "data an object, written as text",
    ]],
  ];
  for (const [action, payload, value, repairs] of rows) {
    const result = repairedRequest(action, payload);
    assert.deepEqual(result.value, value);
    assert.deepEqual(result.repairs, repairs);
  }
});

Deno.test("a cut never leaves half of a character", () => {
  const { value } = repairedRequest("StatusNotification", { ...status, info: "🔌".repeat(60) });
  assert.equal((value as JsonObject).info, "🔌".repeat(50));
});

Deno.test("times: kept, rewritten, or the time of receipt", () => {
  const rows: readonly [unknown, string | undefined, boolean][] = [
    ["2026-01-01T01:00:00.123456+01:00", "2026-01-01T01:00:00.123456+01:00", false],
    ["2026-01-01T00:00:00", "2026-01-01T00:00:00Z", false],
    ["2026-01-01T00:00:00+02", "2026-01-01T00:00:00+02:00", false],
    ["2026-01-01 00:00:00\0", "2026-01-01T00:00:00Z", false],
    ["1970-01-01T00:00:12Z", NOW_TEXT, true],
    ["0001-01-01T00:00:00Z", NOW_TEXT, true],
    ["2019-12-31T23:59:59Z", NOW_TEXT, true],
    ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", false],
    ["yesterday", NOW_TEXT, true],
    [1234567890, NOW_TEXT, true],
    [null, NOW_TEXT, true],
    [undefined, NOW_TEXT, true],
  ];
  for (const [timestamp, expected, corrected] of rows) {
    const result = repairedRequest("StartTransaction", { ...start, timestamp } as JsonObject);
    assert.equal((result.value as JsonObject).timestamp, expected, String(timestamp));
    assert.equal(result.clockCorrected, corrected, String(timestamp));
  }
  const optional = repairedRequest("StatusNotification", { ...status, timestamp: "" });
  assert.deepEqual(optional.value, status);
});

Deno.test("an id tag that is too long is refused, not cut", () => {
  const result = repairRequest("Authorize", { idTag: "A".repeat(21) }, NOW);
  assert(!result.ok);
  assert.equal(result.fault.code, "PropertyConstraintViolation");
  assert.equal(result.fault.path, "idTag");
});

Deno.test("what cannot be filled is a fault that names the field", () => {
  const rows: readonly [Action, JsonObject, string, string][] = [
    ["StopTransaction", { ...stop, meterStop: undefined }, "meterStop", "Occurence"],
    ["StopTransaction", { ...stop, meterStop: "" }, "meterStop", "Type"],
    ["StartTransaction", { ...start, idTag: null }, "idTag", "Type"],
    ["StatusNotification", { ...status, status: "Occupied" }, "status", "Property"],
    ["StatusNotification", { ...status, connectorId: -1 }, "connectorId", "Property"],
    ["MeterValues", { connectorId: 1 }, "meterValue", "Occurence"],
    ["DataTransfer", {}, "vendorId", "Occurence"],
  ];
  for (const [action, payload, path, code] of rows) {
    const result = repairRequest(action, payload, NOW);
    assert(!result.ok);
    assert.equal(result.fault.path, path);
    assert.equal(result.fault.code, `${code}ConstraintViolation`);
  }
});

Deno.test("samples: what can be understood is kept, what would mislead is not", () => {
  assert.deepEqual(samples({ value: 12.5 }), [{ value: "12.5" }]);
  assert.deepEqual(samples({ value: "1", measurand: "Current.Import\n", unit: "a" }), [
    { value: "1", measurand: "Current.Import", unit: "A" },
  ]);
  for (const unit of ["Hz", "Hertz", "hertz"]) {
    assert.deepEqual(samples({ value: "50", measurand: "Frequency", unit }), [
      { value: "50", measurand: "Frequency" },
    ]);
  }
  for (const unit of ["Celcius", "Celsius"]) {
    assert.deepEqual(samples({ value: "30", unit }), [{ value: "30", unit }]);
  }
  assert.deepEqual(samples({ value: "30", unit: "°C" }), [{ value: "30", unit: "Celsius" }]);
  assert.deepEqual(samples({ value: "80", unit: "%" }), [{ value: "80", unit: "Percent" }]);
  assert.deepEqual(samples({ value: "1", unit: "", phase: null, context: "Periodic" }), [
    { value: "1", context: "Other" },
  ]);
  for (const [name, word] of [["unit", "MWh"], ["measurand", "Humidity"], ["phase", "L4"]]) {
    const kept = samples({ value: "2", [name!]: word! }, { value: "1" });
    assert.deepEqual(kept, [{ value: "1" }], word ?? "");
  }
});

Deno.test("a MeterValues whose samples all vanish has no meter values left", () => {
  for (
    const payload of [sampled({ value: "" }), sampled(), sampled({}), sampled({ value: null })]
  ) {
    const { value } = repairedRequest("MeterValues", payload);
    assert.deepEqual(value, { connectorId: 1, meterValue: [] });
  }
});

Deno.test("a single meter value is put into an array", () => {
  const single = { timestamp: NOW_TEXT, sampledValue: { value: "1" } };
  const result = repairedRequest("MeterValues", { connectorId: 1, meterValue: single });
  assert.deepEqual(result.value, sampled({ value: "1" }));
  assert.deepEqual(result.repairs, [
    "meterValue put into an array",
    "meterValue[].sampledValue put into an array",
  ]);
});

Deno.test("the same defect many times is told once", () => {
  const { repairs } = repairedRequest("MeterValues", sampled({ value: 1 }, { value: 2 }));
  assert.deepEqual(repairs, ["meterValue[].sampledValue[].value a number, written as text"]);
});

Deno.test("confirmations: configuration values become text of at most 500 characters", () => {
  const configurationKey = [
    { key: "A", readonly: false, value: 300 },
    { key: "B", readonly: "true", value: "v".repeat(600) },
    { key: "C", value: null },
  ];
  const result = repairConfirmation("GetConfiguration", { configurationKey, unknownKey: null });
  assert(result.ok);
  assert.deepEqual(result.value, {
    configurationKey: [
      { key: "A", readonly: false, value: "300" },
      { key: "B", readonly: true, value: "v".repeat(500) },
      { key: "C", readonly: false },
    ],
  });
  assert.deepEqual(result.repairs, [
    "configurationKey[].readonly missing: false",
    "configurationKey[].value a number, written as text",
    "configurationKey[].readonly read as a boolean",
    "configurationKey[].value truncated to 500 characters",
    "configurationKey[].value dropped: null",
    "unknownKey dropped: null",
  ]);
});

Deno.test("a part that cannot be repaired is left out, the rest stays", () => {
  const configuration = repairConfirmation("GetConfiguration", {
    configurationKey: [{ readonly: false }, { key: "A", readonly: false }, "B"],
    unknownKey: ["C"],
  });
  assert(configuration.ok);
  assert.deepEqual(configuration.value, {
    configurationKey: [{ key: "A", readonly: false }],
    unknownKey: ["C"],
  });
  const composite = repairConfirmation("GetCompositeSchedule", {
    chargingSchedule: { chargingRateUnit: "A" },
    status: "Accepted",
  });
  assert(composite.ok);
  assert.deepEqual(composite.value, { status: "Accepted" });
  assert.deepEqual(composite.repairs, ["chargingSchedule dropped: unusable"]);
});

Deno.test("confirmations: -1 in a composite schedule means that there is no limit", () => {
  function composite(...chargingSchedulePeriod: JsonObject[]): JsonObject {
    const chargingSchedule = { duration: 60, chargingRateUnit: "A", chargingSchedulePeriod };
    return { status: "Accepted", connectorId: 1, chargingSchedule };
  }
  const unlimited = composite({ startPeriod: 0, limit: -1, numberPhases: -1 });
  const none = repairConfirmation("GetCompositeSchedule", unlimited);
  assert(none.ok);
  assert.deepEqual(none.value, { status: "Accepted", connectorId: 1 });

  const partly = composite(
    { startPeriod: 0, limit: 16, numberPhases: -1 },
    { startPeriod: 30, limit: -1 },
  );
  const cut = repairConfirmation("GetCompositeSchedule", partly);
  assert(cut.ok);
  assert.deepEqual(cut.value, {
    ...composite({ startPeriod: 0, limit: 16 }),
    chargingSchedule: {
      duration: 30,
      chargingRateUnit: "A",
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }],
    },
  });
});

Deno.test("confirmations: a status is spelled right or refused", () => {
  const trigger = repairConfirmation("TriggerMessage", { status: "NOT_IMPLEMENTED" });
  assert(trigger.ok);
  assert.equal(trigger.value.status, "NotImplemented");
  const vendor = repairConfirmation("DataTransfer", { status: "UnknownVendor" });
  assert(vendor.ok);
  assert.equal(vendor.value.status, "UnknownVendorId");
  assert(!repairConfirmation("ChangeConfiguration", { status: "Maybe" }).ok);
  assert(!repairConfirmation("ChangeConfiguration", {}).ok);
});

Deno.test("words and digits that say yes or no are read, others are not", () => {
  const rows: readonly (readonly [JsonValue, boolean | undefined])[] = [
    [true, true],
    ["true", true],
    [" TRUE ", true],
    ["1", true],
    [1, true],
    [false, false],
    ["False", false],
    ["0", false],
    [0, false],
    ["yes", undefined],
    [2, undefined],
    [[], undefined],
    [{}, undefined],
  ];
  for (const [given, read] of rows) {
    const key = { key: "A", readonly: given };
    const repaired = repairConfirmation("GetConfiguration", { configurationKey: [key] });
    assert(repaired.ok);
    const [found] = repaired.value.configurationKey ?? [];
    assert.equal(found?.readonly, read, JSON.stringify(given));
  }
});
