// Every message with every single defect: refused with the error code of OCPP-J that it calls for.

import assert from "node:assert/strict";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { type JsonObject, stringifyJson } from "../../src/ocpp/json.ts";
import { REQUESTS } from "../../src/ocpp/message.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { checkConfirmation, checkRequest } from "../../src/ocpp/validate.ts";
import { defects, fullPayload, KEYWORDS, rightPayloads } from "./defect.ts";
import { type Kind, publishedObjection } from "./oracle.ts";

const ACTIONS = Object.keys(REQUESTS) as Action[];
const KINDS: readonly Kind[] = ["request", "confirmation"];

/** As it is read off the wire. */
function check(action: Action, kind: Kind, payload: JsonObject) {
  const frame = parseFrame(stringifyJson([2, "1", action, payload]));
  assert(frame.type === "call");
  return kind === "request"
    ? checkRequest(action, frame.payload)
    : checkConfirmation(action, frame.payload);
}

Deno.test("a message with every field, without one that is optional, or of full length is right", () => {
  for (const action of ACTIONS) {
    for (const kind of KINDS) {
      for (const payload of [fullPayload(action, kind), ...rightPayloads(action, kind)]) {
        assert.equal(publishedObjection(action, kind, payload), undefined, `${action} ${kind}`);
        const verdict = check(action, kind, payload);
        assert(verdict.ok, `${action} ${kind}: ${!verdict.ok && verdict.fault.message}`);
      }
    }
  }
});

Deno.test("every defect of every message has the code that the published schema calls for", () => {
  const counts: Record<string, number> = {};
  for (const action of ACTIONS) {
    for (const kind of KINDS) {
      for (const { what, keyword, code, payload } of defects(action, kind)) {
        const which = `${action} ${kind}: ${what}`;
        // The independent judge sees this defect and nothing else.
        assert.equal(publishedObjection(action, kind, payload), keyword, which);
        const verdict = check(action, kind, payload);
        assert(!verdict.ok, `${which}: accepted`);
        assert.equal(verdict.fault.code, code, which);
        counts[keyword] = (counts[keyword] ?? 0) + 1;
      }
    }
  }
  assert.deepEqual(Object.keys(counts).toSorted(), KEYWORDS.toSorted());
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(`${total} defects in ${2 * ACTIONS.length} messages: ${JSON.stringify(counts)}`);
  assert.ok(total > 3_500, `${total} defects`);
});
