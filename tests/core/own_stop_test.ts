// RemoteStopTransactions of the proxy's own: sent only while their reason stands, each once.

import assert from "node:assert/strict";
import { LimitStage, NOTHING } from "./limit_fixture.ts";
import { backend, type Harness } from "./harness.ts";

/** A charger that takes no limit, and is busy with a command when the owner pauses. */
function paused(): { stage: LimitStage; id: number } {
  const stage = new LimitStage({}, NOTHING);
  const { h } = stage;
  const id = stage.start();
  h.event({ type: "owner", mode: { mode: "paused" } });
  stage.obey();
  h.pass(59_000);
  h.backendCalls("evcc", "GetLocalListVersion", {});
  h.pass(1_000);
  return { stage, id };
}

function stops(h: Harness): number {
  return h.callsToCharger("RemoteStopTransaction").length;
}

Deno.test("a stop that waits because of the owner's pause is not sent after the owner said auto", () => {
  for (const word of ["auto", "stays paused"]) {
    const { stage: { h } } = paused();
    const before = stops(h);
    if (word === "auto") h.event({ type: "owner", mode: { mode: "auto" } });
    h.chargerAnswers({ listVersion: 0 });
    h.pass(1_000);
    assert.equal(stops(h) - before, word === "auto" ? 0 : 1, word);
  }
});

Deno.test("a stop that waits is not sent after the pause's time, though no tick has come", () => {
  for (const [over, late] of [[true, 0], [false, -1]] as const) {
    const { stage: { h } } = paused();
    const before = stops(h);
    const until = h.now + 10_000;
    h.event({ type: "owner", mode: { mode: "paused" }, until });
    h.now = until + late;
    h.chargerAnswers({ listVersion: 0 });
    assert.equal(stops(h) - before, over ? 0 : 1);
  }
});

Deno.test("a stop that waits is not sent when the transaction has ended", () => {
  const { stage: { h }, id } = paused();
  const before = stops(h);
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StopTransaction", { transactionId: id, meterStop: 1_000, timestamp });
  h.chargerAnswers({ listVersion: 0 });
  h.pass(1_000);
  assert.equal(stops(h), before);
});

Deno.test("the owner's pause outlasts a command that the charger never answers", () => {
  const wordly = new LimitStage();
  wordly.start();
  wordly.obey();
  wordly.h.backendCalls("evcc", "GetLocalListVersion", {});
  wordly.h.event({ type: "owner", mode: { mode: "paused" } });
  wordly.h.pass(30_000);
  assert.equal(wordly.h.lastCallToCharger().action, "SetChargingProfile");

  const { stage: { h } } = paused();
  const before = stops(h);
  h.pass(30_000);
  assert.equal(stops(h) - before, 1, "a charger without limits");
});

Deno.test("a stop that the charger's absence kept from being sent is sent when it is back", () => {
  const { h } = new LimitStage();
  const timestamp = new Date(h.now).toISOString();
  h.chargerCalls("StartTransaction", { connectorId: 1, idTag: "X", meterStart: 0, timestamp });
  h.event({ type: "owner", mode: { mode: "paused" } });
  h.pass(119_000);
  h.backendCalls("evcc", "GetLocalListVersion", {});
  h.pass(2_000);
  assert.equal(h.lastCallToCharger().action, "GetLocalListVersion");
  assert.equal(stops(h), 0, "limits get no answer, and the stop waits");
  h.disconnectCharger();
  h.connectCharger();
  h.pass(60_000);
  assert.equal(stops(h), 1);
});

Deno.test("the owner's pause finds its place however much there is to be cleared", () => {
  const stage = new LimitStage({}, undefined, 1, [backend("evcc", "admin")]);
  const { h } = stage;
  stage.start();
  stage.obey();
  for (let reservationId = 1; reservationId <= 40; reservationId++) {
    const expiryDate = "2030-01-01T00:00:00Z";
    h.backendCalls("evcc", "ReserveNow", { connectorId: 1, expiryDate, idTag: "X", reservationId });
    stage.obey();
  }
  assert.equal(h.state.reservations.size, 40);
  h.event({ type: "owner", mode: { mode: "paused" } });
  assert.equal(h.lastCallToCharger().action, "CancelReservation");
  h.chargerAnswers({ status: "Accepted" });
  assert.equal(h.lastCallToCharger().action, "SetChargingProfile");
});
