// The strict check against the published schemas: the same tables, the same verdicts.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import type { FieldKind } from "../../src/ocpp/field.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { CONFIRMATIONS, REQUESTS } from "../../src/ocpp/message.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { checkConfirmation, checkRequest } from "../../src/ocpp/validate.ts";
import { DIFFERENCES } from "./leniency.ts";
import {
  isPublishedValid,
  type Kind,
  PUBLISHED,
  publishedSchema,
  type Schema,
  spoiltPayload,
  validPayload,
} from "./oracle.ts";

const ACTIONS = Object.keys(REQUESTS) as Action[];
const KINDS: readonly Kind[] = ["request", "confirmation"];

function check(action: Action, kind: Kind, payload: JsonObject) {
  return kind === "request" ? checkRequest(action, payload) : checkConfirmation(action, payload);
}

function toSchema(field: FieldKind): Schema {
  switch (field.type) {
    case "text":
      return {
        type: "string",
        ...(field.maximum === Infinity ? {} : { maxLength: field.maximum }),
      };
    case "integer":
    case "int64":
      return { type: "integer" };
    case "decimal":
      return { type: "number", multipleOf: 0.1 };
    case "boolean":
      return { type: "boolean" };
    case "time":
      return { type: "string", format: "date-time" };
    case "uri":
      return { type: "string", format: "uri" };
    case "choice":
      return { type: "string", enum: [...field.words] };
    case "list":
      return {
        type: "array",
        items: toSchema(field.item),
        ...(field.minimum > 0 ? { minItems: field.minimum } : {}),
      };
    case "record": {
      const members = [...field.fields];
      return {
        type: "object",
        properties: Object.fromEntries(members.map(([name, one]) => [name, toSchema(one.field)])),
        required: members.filter(([, one]) => one.required).map(([name]) => name),
        additionalProperties: false,
      };
    }
  }
}

/** Without what does not matter: the order of words, and `required` when it is empty. */
function normal(schema: Schema): Schema {
  const { $schema: _, ...rest } = schema as Schema & { $schema?: string };
  const result: Schema = { ...rest };
  if (schema.enum) result.enum = [...schema.enum].sort();
  if (schema.items) result.items = normal(schema.items);
  if (schema.type === "object") {
    result.required = [...schema.required ?? []].sort();
    result.properties = Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([name, one]) => [name, normal(one)]),
    );
  }
  return result;
}

Deno.test("every published message has its two tables, and there are no others", () => {
  const ours = ACTIONS.flatMap((action) => [`${action}.req`, `${action}.conf`]);
  assert.deepEqual(ours.toSorted(), PUBLISHED.toSorted());
  assert.equal(ours.length, 78);
  assert.deepEqual(Object.keys(CONFIRMATIONS).toSorted(), ACTIONS.toSorted());
});

Deno.test("every field table says what the published schema says", () => {
  for (const action of ACTIONS) {
    for (const kind of KINDS) {
      const table = kind === "request" ? REQUESTS[action] : CONFIRMATIONS[action];
      const published = normal(publishedSchema(action, kind));
      assert.deepEqual(normal(toSchema(table)), published, `${action} ${kind}`);
    }
  }
});

Deno.test("valid and spoilt payloads get the verdict of the published schema", () => {
  for (const action of ACTIONS) {
    for (const kind of KINDS) {
      const payloads = fc.oneof(validPayload(action, kind), spoiltPayload(action, kind));
      fc.assert(
        fc.property(payloads, (payload) => {
          const verdict = check(action, kind, payload);
          const published = isPublishedValid(action, kind, payload);
          if (verdict.ok === published) return;
          assert(!verdict.ok, `${action} ${kind}: accepted, but the schema refuses it`);
          const { fault } = verdict;
          const explained = DIFFERENCES.some((one) => one.explains(fault));
          assert(explained, `${action} ${kind}: ${fault.message}, but the schema accepts it`);
        }),
        { numRuns: 150 },
      );
    }
  }
});

Deno.test("every difference from the published schemas is real", () => {
  for (const { what, explains, example: { action, kind, payload } } of DIFFERENCES) {
    assert(isPublishedValid(action, kind, payload), what);
    const verdict = check(action, kind, payload);
    assert(!verdict.ok && explains(verdict.fault), what);
  }
});

Deno.test("each defect has the error code of OCPP-J and says what, where and what was expected", () => {
  const status = { connectorId: 1, errorCode: "NoError", status: "Available" };
  const rows: readonly [Action, JsonObject, string, string][] = [
    [
      "StatusNotification",
      { ...status, status: undefined },
      "OccurenceConstraintViolation",
      "status is missing: one of Available, Preparing, Charging, SuspendedEVSE, SuspendedEV, " +
      "Finishing, Reserved, Unavailable, Faulted is required",
    ],
    [
      "StatusNotification",
      { ...status, connectorId: "1" },
      "TypeConstraintViolation",
      "connectorId is text, not an integer",
    ],
    [
      "StatusNotification",
      { ...status, connectorId: 1.5 },
      "TypeConstraintViolation",
      "connectorId is a number, not an integer",
    ],
    [
      "StatusNotification",
      { ...status, info: null },
      "TypeConstraintViolation",
      "info is null, not text of at most 50 characters",
    ],
    [
      "StatusNotification",
      { ...status, info: "x".repeat(51) },
      "PropertyConstraintViolation",
      "info is longer than 50 characters",
    ],
    [
      "StatusNotification",
      { ...status, foo: 1 },
      "FormationViolation",
      "foo is not a field of this message",
    ],
    [
      "Reset",
      { type: "Warm" },
      "PropertyConstraintViolation",
      'type is "Warm", not one of Hard, Soft',
    ],
    [
      "UnlockConnector",
      { connectorId: 0 },
      "PropertyConstraintViolation",
      "connectorId is below 1",
    ],
    [
      "MeterValues",
      { connectorId: 1, meterValue: [{ timestamp: "2026-01-01T00:00:00Z", sampledValue: [{}] }] },
      "OccurenceConstraintViolation",
      "meterValue[0].sampledValue[0].value is missing: text is required",
    ],
    [
      "GetDiagnostics",
      { location: "somewhere" },
      "PropertyConstraintViolation",
      "location is not a URI",
    ],
  ];
  for (const [action, payload, code, message] of rows) {
    const verdict = checkRequest(action, payload);
    assert(!verdict.ok, message);
    assert.equal(verdict.fault.code, code);
    assert.equal(verdict.fault.message, message);
    assert(message.startsWith(`${verdict.fault.path} `));
  }
});

Deno.test("a list that needs an item is not empty", () => {
  const verdict = checkConfirmation("GetInstalledCertificateIds", {
    status: "Accepted",
    certificateHashData: [],
  });
  assert(!verdict.ok);
  assert.equal(verdict.fault.code, "OccurenceConstraintViolation");
  assert.equal(verdict.fault.message, "certificateHashData is empty");
});

Deno.test("a transaction id of 64 bits is valid, one of 65 is not", () => {
  assert(checkRequest("RemoteStopTransaction", { transactionId: 2n ** 63n - 1n }).ok);
  assert(!checkRequest("RemoteStopTransaction", { transactionId: 2n ** 63n }).ok);
  assert(!checkRequest("CancelReservation", { reservationId: 2n ** 60n }).ok);
});

Deno.test("names of Object.prototype are neither fields nor present", () => {
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    assert(!checkRequest("Heartbeat", { [name]: 1 }).ok, name);
  }
  assert(!checkRequest("Heartbeat", JSON.parse('{"__proto__":{"idTag":"x"}}')).ok);
  assert(!checkRequest("Authorize", JSON.parse('{"__proto__":{"idTag":"x"}}')).ok);
  assert(!checkRequest("Authorize", Object.create({ idTag: "x" })).ok);
});
