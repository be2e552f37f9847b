// Frames: what is read, what is refused and with whose id, and what is written.

import assert from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import {
  callText,
  errorText,
  MAX_DEPTH,
  MAX_DESCRIPTION_LENGTH,
  MAX_FRAME_LENGTH,
  parseFrame,
  resultText,
} from "../../src/ocpp/frame.ts";
import { type JsonObject, parseJson, stringifyJson } from "../../src/ocpp/json.ts";

function malformed(text: string) {
  const frame = parseFrame(text);
  assert(frame.type === "malformed", `${text.slice(0, 80)} was read as ${frame.type}`);
  return frame;
}

Deno.test("reading a frame never throws", () => {
  const pieces = fc.constantFrom("[", "]", "{", "}", '"', "\\", ",", ":", "2", "3", "4", "null");
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join("")),
    fc.array(fc.jsonValue(), { maxLength: 6 }).map((values) => JSON.stringify([2, "a", ...values])),
    fc.tuple(fc.jsonValue(), fc.jsonValue()).map((values) => JSON.stringify([3, ...values])),
  );
  fc.assert(fc.property(text, (one) => void parseFrame(one)), { numRuns: 3000 });
});

Deno.test("what is written is read again", () => {
  const id = fc.oneof(fc.string({ unit: "binary" }), fc.integer());
  const payload = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), {
    noNullPrototype: true,
  }) as fc.Arbitrary<JsonObject>;
  fc.assert(fc.property(id, fc.string(), payload, (id, action, given) => {
    const payload = parseJson(stringifyJson(given)) as JsonObject;
    assert.deepEqual(parseFrame(callText(id, action, payload)), {
      type: "call",
      id,
      action,
      payload,
    });
    assert.deepEqual(parseFrame(resultText(id, payload)), { type: "result", id, payload });
    assert.deepEqual(parseFrame(errorText(id, "InternalError", action)), {
      type: "error",
      id,
      code: "InternalError",
      description: action,
      details: {},
    });
  }));
});

Deno.test("frames are written in the shortest form, ids as they came", () => {
  assert.equal(callText("a", "Heartbeat", {}), '[2,"a","Heartbeat",{}]');
  assert.equal(resultText(17, { a: undefined, b: 1 }), '[3,17,{"b":1}]');
  assert.equal(errorText("", "SecurityError", "no"), '[4,"","SecurityError","no",{}]');
});

Deno.test("integers beyond 2^53 arrive and leave with every digit", () => {
  const text = '[3,"a",{"transactionId":9007199254740993,"list":[-9223372036854775808]}]';
  const frame = parseFrame(text);
  assert(frame.type === "result");
  assert.equal(frame.payload.transactionId, 9007199254740993n);
  assert.equal(resultText("a", frame.payload), text);
});

Deno.test("an error description is cut to 255 characters, never inside of one", () => {
  const frame = parseFrame(errorText("a", "GenericError", "🔌".repeat(200)));
  assert(frame.type === "error");
  assert.equal(frame.description, "🔌".repeat(127));
  assert(frame.description.length <= MAX_DESCRIPTION_LENGTH);
});

Deno.test("a frame that is no CALL, CALLRESULT or CALLERROR is answered by nobody", () => {
  const rows = [
    "",
    "null",
    "{}",
    "[]",
    "[2]",
    '["2","a","Heartbeat",{}]',
    '[9,"a","Heartbeat",{}]',
    '[2,null,"Heartbeat",{}]',
    '[2,{},"Heartbeat",{}]',
    '[2,12345678901234567890,"Heartbeat",{}]',
    '[2,1e999,"Heartbeat",{}]',
    "[3,-1e999,{}]",
    "not json at all",
  ];
  for (const text of rows) {
    const frame = malformed(text);
    assert.equal(frame.reply, undefined, text);
    assert.equal(frame.failedCall, undefined, text);
    assert(frame.reason.length > 0);
  }
});

Deno.test("a CALL that is wrong but has an id is refused with FormationViolation", () => {
  const rows: readonly [string, string | number][] = [
    ['[2,"a"]', "a"],
    ['[2,"a","Heartbeat"]', "a"],
    ['[2,"a","Heartbeat",[]]', "a"],
    ['[2,"a","Heartbeat","x"]', "a"],
    ['[2,"a","Heartbeat",{},{}]', "a"],
    ['[2,"a",null,{}]', "a"],
    ['[2,7,"Heartbeat"', 7],
    ['[2,"a\\u0041\\"b","MeterValues",{"connectorId":1,"mete', 'aA"b'],
    [`\ufeff [ 2 , "a" ,${"[".repeat(MAX_DEPTH)}`, "a"],
    [`[2,"a","DataTransfer",{"data":"${"x".repeat(MAX_FRAME_LENGTH)}"}]`, "a"],
  ];
  for (const [text, id] of rows) {
    const { reply, failedCall } = malformed(text);
    assert.equal(reply?.code, "FormationViolation", text.slice(0, 60));
    assert.equal(reply?.id, id);
    assert.equal(failedCall, undefined);
  }
});

Deno.test("an answer that cannot be read fails its call at once", () => {
  for (const text of ['[3,"a",{"configurationKey":]}', '[3,"a",[]]', '[4,"a","x"', '[3,"a",1]']) {
    const frame = malformed(text);
    assert.equal(frame.failedCall, "a", text);
    assert.equal(frame.reply, undefined, text);
  }
});

Deno.test("answers are taken with what they have", () => {
  const payload = {};
  assert.deepEqual(parseFrame('[3,"a"]'), { type: "result", id: "a", payload });
  assert.deepEqual(parseFrame('[3,"a",null]'), { type: "result", id: "a", payload });
  assert.deepEqual(parseFrame('[3,"a",{},1]'), { type: "result", id: "a", payload });
  const error = { type: "error", id: "a", code: "GenericError", description: "", details: {} };
  assert.deepEqual(parseFrame('[4,"a"]'), error);
  assert.deepEqual(parseFrame('[4,"a",null,null,null]'), error);
  assert.deepEqual(parseFrame('[4,"a","X","y",""]'), {
    ...error,
    code: "X",
    description: "y",
    details: "",
  });
});

Deno.test("nesting is bounded before anything recurses, brackets in text do not count", () => {
  function nested(depth: number): string {
    return `[2,"a","DataTransfer",{"data":${"[".repeat(depth)}${"]".repeat(depth)}}]`;
  }
  assert.equal(parseFrame(nested(MAX_DEPTH - 2)).type, "call");
  assert(malformed(nested(MAX_DEPTH - 1)).reason.includes("nested"));
  assert(malformed("[".repeat(10_000)).reason.includes("nested"));
  assert(malformed('{"a":'.repeat(10_000)).reason.includes("nested"));
  const text = `[2,"a","DataTransfer",{"data":"\\\\\\"${"[{".repeat(50)}"}]`;
  assert.equal(parseFrame(text).type, "call");
});

Deno.test("a frame of the longest length is read, one character more is not", () => {
  const empty = '[2,"a","DataTransfer",{"data":""}]';
  const longest = empty.replace('""', `"${"x".repeat(MAX_FRAME_LENGTH - empty.length)}"`);
  assert.equal(longest.length, MAX_FRAME_LENGTH);
  assert.equal(parseFrame(longest).type, "call");
  assert(malformed(`${longest} `).reason.includes("longer"));
});

Deno.test("__proto__ is a field like any other and changes no prototype", () => {
  for (const digits of ["1", "12345678901234567890"]) {
    const frame = parseFrame(`[2,"a","Heartbeat",{"__proto__":{"evil":${digits}}}]`);
    assert(frame.type === "call");
    assert.equal(Object.getPrototypeOf(frame.payload), Object.prototype);
    assert.equal(frame.payload.evil, undefined);
    assert.deepEqual(Object.keys(frame.payload), ["__proto__"]);
  }
});

Deno.test("lone surrogates are read and written as escapes", () => {
  const text = '[2,"a","DataTransfer",{"data":"\\ud800"}]';
  const frame = parseFrame(text);
  assert(frame.type === "call");
  assert.equal(callText("a", "DataTransfer", frame.payload), text);
});

Deno.test("of duplicate keys the last one counts", () => {
  const frame = parseFrame('[2,"a","StatusNotification",{"connectorId":1,"connectorId":2}]');
  assert(frame.type === "call");
  assert.deepEqual(frame.payload, { connectorId: 2 });
});

Deno.test("control characters that JSON forbids are taken out, others stay", () => {
  const frame = parseFrame('[2,"a","DataTransfer",{"vendorId":"a\0b","data":"c\n\\u0000"}]\0');
  assert(frame.type === "call");
  assert.deepEqual(frame.payload, { vendorId: "ab", data: "c\0" });
});
