// Who answers a CALL of the core: the recorded answer to the same question, else a stand-in.

import { deepEqual, equal } from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { Counterpart, type OpenCall } from "../../src/replay/counterpart.ts";
import { withId } from "../../src/replay/recorded_answer.ts";
import { TransactionIds } from "../../src/replay/transaction_ids.ts";

function call(action: string, payload: JsonObject = {}, id = "new"): OpenCall {
  return { id, action, payload, connection: 1 };
}

Deno.test("a question that was recorded waits for its answer", () => {
  const peer = new Counterpart(10_000);
  peer.asked(1, call("Authorize", { idTag: "A" }), 0);
  const asked = call("Authorize", { idTag: "a" });
  equal(peer.sent(asked, 100), undefined);
  deepEqual(peer.overdue(5_000), []);
  deepEqual(peer.answered(1, "[3,1,{}]"), { call: asked, recorded: "[3,1,{}]" });
  equal(peer.due, Infinity);
});

Deno.test("an answer that came before the question is given at once", () => {
  const peer = new Counterpart(10_000);
  peer.asked(1, call("Reset", {}), 0);
  equal(peer.answered(1, "[3,1,{}]"), undefined);
  const asked = call("Reset");
  deepEqual(peer.sent(asked, 100), { call: asked, recorded: "[3,1,{}]" });
});

Deno.test("the answer to another card is not taken", () => {
  const peer = new Counterpart(10_000);
  peer.asked(1, call("Authorize", { idTag: "A" }), 0);
  peer.answered(1, "[3,1,{}]");
  const asked = call("Authorize", { idTag: "B" });
  equal(peer.sent(asked, 100), undefined);
  deepEqual(peer.overdue(1_100), [{ call: asked, recorded: undefined }]);
});

Deno.test("what was asked on a connection that has ended is answered by nobody", () => {
  const peer = new Counterpart(10_000);
  peer.asked(1, call("Reset"), 0);
  peer.sent(call("Reset"), 0);
  peer.closed();
  equal(peer.answered(1, "[3,1,{}]"), undefined);
  equal(peer.due, Infinity);
});

Deno.test("a recorded answer gets the id of now, and stays as it was in all else", () => {
  equal(withId(' [3 , "old" ,{"a" : 1}]', "new"), ' [3 , "new" ,{"a" : 1}]');
  equal(withId('[3,17,{"configurationKey":]}', 4), '[3,4,{"configurationKey":]}');
});

Deno.test("the charger's transaction ids become those that it is given now", () => {
  const ids = new TransactionIds();
  const stop = '[2,"2","StopTransaction",{"transactionId": 7,"meterStop":1}]';
  ids.recorded("1", "7");
  equal(ids.translate(stop), stop);
  ids.given("1", "4000");
  equal(ids.translate(stop), '[2,"2","StopTransaction",{"transactionId": 4000,"meterStop":1}]');
  equal(ids.translate('[2,"2","X",{"transactionId":70}]'), '[2,"2","X",{"transactionId":70}]');
});
