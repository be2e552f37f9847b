// What a commit, a confirmation or a phase count means to the letter, where little depends on it.

import { deepEqual, equal } from "node:assert/strict";
import { step } from "../../src/core/step.ts";
import { start, startRequest } from "./charging.ts";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { setProfile } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";
import { LimitStage } from "./limit_fixture.ts";

Deno.test("a commit that nobody asked for makes no plan true", () => {
  const h = new Harness();
  h.bootCharger();
  const text = JSON.stringify([2, "s", "StartTransaction", startRequest()]);
  const connection = h.state.charger.connection!;
  const effects = step(h.state, { type: "charger_frame", connection, text }, h.now);
  const asked = effects.find((effect) => effect.type === "store")!;
  deepEqual(step(h.state, { type: "stored", token: asked.token - 1 }, h.now), []);
  const answers = step(h.state, { type: "stored", token: asked.token }, h.now)
    .filter((effect) => effect.type === "send_charger");
  equal(answers.length, 1);
});

Deno.test("a stop that a backend has confirmed is not sent again after a crash at once", () => {
  const h = new Harness(configuration({ backends: [backend("a", "biller")] }));
  h.bootCharger();
  h.attach("a");
  h.pass(2_000);
  const transactionId = start(h);
  h.serve("a");
  h.pass(2_000);
  h.lazyNotes = true;
  h.chargerCalls("StopTransaction", {
    transactionId,
    meterStop: 2_000,
    timestamp: new Date(h.now).toISOString(),
  });
  h.serve("a");
  equal(h.callsToBackend("a", "StopTransaction").length, 1);
  h.crash();
  h.bootCharger();
  h.attach("a");
  h.pass(2_000);
  equal(h.callsToBackend("a", "StopTransaction").length, 1);
});

Deno.test("a limit for one phase is told in the power of one phase", () => {
  const stage = new LimitStage();
  stage.h.state.charger.configuration = [
    { key: "ChargingScheduleAllowedChargingRateUnit", readonly: true, value: "Power" },
  ];
  const chargingSchedulePeriod = [{ startPeriod: 0, limit: 10, numberPhases: 1 }];
  const changes = { chargingSchedule: { chargingRateUnit: "A", chargingSchedulePeriod } };
  stage.h.backendCalls("evcc", "SetChargingProfile", setProfile(10, changes), "one");
  stage.obey();
  const { csChargingProfiles } = stage.h.callsToCharger("SetChargingProfile").at(-1)!.payload;
  const { chargingSchedule } = csChargingProfiles as { chargingSchedule: JsonObject };
  equal(chargingSchedule.chargingRateUnit, "W");
  deepEqual(chargingSchedule.chargingSchedulePeriod, [
    { startPeriod: 0, limit: 2_300, numberPhases: 1 },
  ]);
});
