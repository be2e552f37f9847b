// Where the simulator dials.

import assert from "node:assert/strict";
import { withIdentity } from "../../src/simulate/web_socket.ts";

Deno.test("the identity ends the path, encoded, before any query", () => {
  assert.equal(withIdentity("ws://csms/ocpp/", "NL 1/2"), "ws://csms/ocpp/NL%201%2F2");
  assert.equal(withIdentity("ws://csms/ocpp?key=a/b", "CP1"), "ws://csms/ocpp/CP1?key=a/b");
  assert.equal(withIdentity("ws://csms/ocpp/?a=?b", "CP1"), "ws://csms/ocpp/CP1?a=?b");
});
