// In which order states of a connector count: by the charger's clock, whatever happened to ours.

import assert from "node:assert/strict";
import { backend, configuration, Harness } from "./harness.ts";

const HOUR_MS = 3_600_000;

function tell(h: Harness, status: string, chargerClock: number): void {
  const timestamp = new Date(chargerClock).toISOString();
  h.chargerCalls("StatusNotification", { connectorId: 1, errorCode: "NoError", status, timestamp });
}

for (const byMs of [HOUR_MS, -HOUR_MS]) {
  for (const restarts of [false, true]) {
    const when = restarts ? ", and we were restarted" : "";
    Deno.test(`a newer state counts after our clock was set by ${byMs / HOUR_MS} h${when}`, () => {
      const h = new Harness();
      h.bootCharger();
      tell(h, "Charging", h.now);
      const told = h.now;
      h.now += byMs;
      h.event({ type: "clock_set", byMs });
      if (restarts) h.restart();
      h.connectCharger();
      tell(h, "Available", told + 2_000);
      assert.equal(h.state.charger.connectors.get(1)?.status.status, "Available");
      // What is ahead of us is not believed: it counts as it comes.
      if (byMs < 0) return;
      tell(h, "Charging", told + 1_000);
      const { status } = h.state.charger.connectors.get(1)!.status;
      assert.equal(status, "Available", "what is replayed is older");
    });
  }
}

Deno.test("a boot begins a new order: the charger's clock may be years behind", () => {
  const h = new Harness();
  h.bootCharger();
  tell(h, "Charging", h.now);
  h.pass(HOUR_MS);
  h.connectCharger();
  const wrong = Date.parse("2021-01-01T00:00:00Z");
  const shown = () => h.state.charger.connectors.get(1)?.status.status;
  tell(h, "Available", wrong);
  assert.equal(shown(), "Charging", "without a boot it is what was missed");
  h.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
  tell(h, "Available", wrong + 10_000);
  assert.equal(shown(), "Available");
  tell(h, "Preparing", wrong + 5_000);
  assert.equal(shown(), "Available", "what is replayed is older");
});

Deno.test("between two transactions of others a connector is not told to be free", () => {
  const h = new Harness(configuration({ backends: [backend("c", "biller", { sees: "own" })] }));
  h.bootCharger();
  h.attach("c");
  const start = (meterStart: number) => {
    const timestamp = new Date(h.now).toISOString();
    h.chargerCalls("StartTransaction", { connectorId: 1, idTag: "X", meterStart, timestamp });
    h.serve("c");
  };
  start(0);
  h.pass(5_000);
  start(100);
  const told = h.callsToBackend("c", "StatusNotification")
    .filter(({ payload }) => payload.connectorId === 1)
    .map(({ payload }) => payload.status);
  assert.deepEqual(told, ["Available", "Unavailable"]);
});
