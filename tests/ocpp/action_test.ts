// The list of actions.

import assert from "node:assert/strict";
import { ACTIONS, isAction } from "../../src/ocpp/action.ts";

Deno.test("an action is known by its exact name only", () => {
  assert(isAction("BootNotification"));
  for (
    const name of ["bootNotification", "heartbeat", "", "toString", "__proto__", "constructor"]
  ) {
    assert(!isAction(name), name);
  }
});

Deno.test("28 actions are OCPP 1.6's, 11 are the security whitepaper's", () => {
  const descriptions = Object.values(ACTIONS);
  assert.equal(descriptions.filter(({ profile }) => profile !== "Security").length, 28);
  assert.equal(descriptions.filter(({ profile }) => profile === "Security").length, 11);
});

Deno.test("13 actions are the charge point's, and DataTransfer is both sides'", () => {
  const senders = Object.values(ACTIONS).map(({ sender }) => sender);
  assert.equal(senders.filter((sender) => sender === "charge_point").length, 13);
  assert.equal(senders.filter((sender) => sender === "both").length, 1);
  assert.equal(ACTIONS.DataTransfer.sender, "both");
});
