// Households: who wants the charger, what the owner says, and what becomes of it.

import { VirtualCharger } from "../../src/simulate/charger.ts";
import { JsonBackend } from "../../src/simulate/json_backend.ts";
import { carFor } from "../../src/simulate/play.ts";
import { Stage } from "../../tests/sockets/stage.ts";
import { limitOf } from "../../tests/support/set_charging_profile.ts";
import {
  bootStrictCharger,
  strictCharger,
  type StrictClient,
  strictDialInBackend,
} from "../../tests/support/strict_charger.ts";
import { pause, until } from "../../tests/support/until.ts";

const FAMILY_TAG = "04A2B3C4D5";
const COMPANY_TAG = "04FFEE0011";

const CONFIGURATION = `
time_zone: Europe/Brussels
charger: { id: CP1, max_current_a: 25, limit_spacing_s: 0 }
start_spacing_ms: 0
rate_limit_seconds: 0
preferred_provider: employer
backends:
  - { id: employer, token: e, role: biller, tariff: work }
  - { id: evcc, token: v, role: controller, min_hold_s: 0 }
  - { id: script, token: s, role: controller, durable: true, min_hold_s: 0 }
rules:
  - { name: quiet please, presence_sensor: binary_sensor.guests, backends: [script], then: deny }
  - { name: gentle, when: number(ha("sensor.house_power")) > 4000, then: limit, current_a: 10, on_unknown: limit }
tariffs:
  - { name: work, energy_per_kwh: 0.29, per_session: 0.35 }
id_tags:
  - { tag: ${FAMILY_TAG}, name: Family car, owner: true }
  - { tag: ${COMPANY_TAG}, name: Company car, backend: employer, send_as: [{ backend: employer, tag: NL-EMP-1 }] }
  - { tag: 04DEADBEEF, name: Lost card, owner: true, action: deny }
`;

interface Household {
  readonly stage: Stage;
  readonly charger: VirtualCharger;
  readonly employer: StrictClient;
  readonly evcc: StrictClient;
  readonly script: JsonBackend;
}

const PLAYS: Readonly<Record<string, (household: Household) => Promise<void>>> = {
  "cards": async ({ charger }) => {
    charger.plugIn(1, carFor(11_000));
    await charger.presentTag(1, "04DEADBEEF");
    await charger.presentTag(1, COMPANY_TAG);
    await charged(charger, 1);
    await charger.presentTag(1, COMPANY_TAG);
    charger.unplug(1);
    charger.plugIn(2, carFor(7_400));
    await charger.presentTag(2, FAMILY_TAG);
    await charged(charger, 2);
    charger.connector(2).stop("Local");
    charger.unplug(2);
  },
  "remote-start-and-limits": async ({ charger, evcc, stage }) => {
    stage.proxy.learnFact("sensor.house_power", "1200");
    charger.plugIn(1, carFor(11_000));
    await evcc.call("RemoteStartTransaction", { connectorId: 1, idTag: "EVCC" });
    await charged(charger, 1);
    await evcc.call("SetChargingProfile", limitOf(8));
    stage.proxy.learnFact("sensor.house_power", "5200");
    await pause(100);
    stage.proxy.setLimit(6);
    await pause(100);
    stage.proxy.setLimit(undefined);
    await stop(evcc, 1);
    charger.unplug(1);
  },
  "takeover": async ({ charger, evcc, employer, script }) => {
    await script.request("request_control");
    charger.plugIn(1, carFor(11_000));
    await evcc.call("RemoteStartTransaction", { connectorId: 1, idTag: "EVCC" });
    await script.request("release_control");
    await evcc.call("RemoteStartTransaction", { connectorId: 1, idTag: "EVCC" });
    await charged(charger, 1);
    await script.request("request_control", { queue: true });
    await employer.call("RemoteStartTransaction", { connectorId: 1, idTag: COMPANY_TAG });
    await pause(300);
    charger.unplug(1);
  },
  "owner": async ({ charger, evcc, script, stage }) => {
    charger.plugIn(1, carFor(11_000));
    stage.proxy.setMode({ mode: "owner_only" });
    await evcc.call("RemoteStartTransaction", { connectorId: 1, idTag: "EVCC" });
    stage.proxy.setMode({ mode: "backend", backendId: "script" });
    await script.request("RemoteStartTransaction", { id_tag: "SCRIPT" });
    await charged(charger, 1);
    stage.proxy.setMode({ mode: "paused" });
    await pause(200);
    stage.proxy.setMode({ mode: "auto" });
    await pause(200);
    charger.unplug(1);
  },
  "facts": async ({ charger, script, stage }) => {
    stage.proxy.learnFact("binary_sensor.guests", "on");
    await script.request("request_control").catch(() => {});
    stage.proxy.learnFact("binary_sensor.guests", "off");
    await script.request("request_control");
    await script.request("set_limit", { current_a: 12 });
    charger.plugIn(1, carFor(11_000));
    await script.request("RemoteStartTransaction", { id_tag: "SCRIPT" });
    await charged(charger, 1);
    stage.proxy.learnFact("sensor.house_power", "unavailable");
    await script.request("clear_limit");
    charger.connector(1).stop("Local");
    charger.unplug(1);
  },
  "away-and-back": async ({ charger, employer, stage }) => {
    charger.plugIn(1, carFor(11_000));
    await charger.presentTag(1, COMPANY_TAG);
    await charged(charger, 1);
    await employer.close();
    charger.connector(1).stop("Local");
    charger.unplug(1);
    await until(() => charger.queue.length === 0, 5_000, "the charger's messages");
    const back = await strictDialInBackend(stage.backendUrl, "employer", "e");
    await until(() => stage.backend("employer").backlog === 0, 5_000, "what it missed");
    await back.close();
  },
};

/** Makes the recording of each. */
export const HOUSEHOLD_CASES: Readonly<Record<string, (file: string) => Promise<void>>> = {
  ...Object.fromEntries(
    Object.entries(PLAYS).map(([name, play]) => [
      `household-${name}`,
      (file: string) => record(play, file),
    ]),
  ),
  "household-ocpp-rpc": recordOcppRpc,
};

async function record(play: (household: Household) => Promise<void>, file: string): Promise<void> {
  await using stage = await Stage.open(CONFIGURATION, file);
  const employer = await strictDialInBackend(stage.backendUrl, "employer", "e", {
    reconnect: false,
  });
  const evcc = await strictDialInBackend(stage.backendUrl, "evcc", "v");
  const script = new JsonBackend({ url: stage.backendUrl, id: "script", token: "s" });
  const charger = new VirtualCharger({
    url: stage.chargerUrl,
    id: "CP1",
    connectors: 2,
    speed: 600,
    settings: { MeterValueSampleInterval: "60" },
  });
  try {
    script.start();
    charger.start();
    await until(() => charger.registration.accepted, 5_000, "the charger to be registered");
    await until(() => stage.connected("script"), 5_000, "the script");
    await until(() => evcc.payloads("StatusNotification").length > 1, 5_000, "evcc to be told");
    await pause(600);
    stage.proxy.learnFact("binary_sensor.guests", "off");
    await play({ stage, charger, employer, evcc, script });
    await until(() => charger.queue.length === 0, 5_000, "the charger's messages");
    await until(() => stage.backend("evcc").backlog === 0, 5_000, "all to be delivered");
  } finally {
    await charger.stop();
    await Promise.all([evcc.close(), employer.close(), script.stop()]);
  }
}

/** Another library at both ends. */
async function recordOcppRpc(file: string): Promise<void> {
  await using stage = await Stage.open(CONFIGURATION, file);
  const employer = await strictDialInBackend(stage.backendUrl, "employer", "e");
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  const timestamp = () => new Date().toISOString();
  try {
    await bootStrictCharger(charger);
    await charger.call("Authorize", { idTag: COMPANY_TAG });
    const { transactionId } = await charger.call("StartTransaction", {
      connectorId: 1,
      idTag: COMPANY_TAG,
      meterStart: 1_000,
      timestamp: timestamp(),
    });
    const sampledValue = [{ value: "1500", unit: "Wh" }];
    await charger.call("MeterValues", {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: timestamp(), sampledValue }],
    });
    await charger.call("StopTransaction", {
      transactionId,
      meterStop: 2_000,
      timestamp: timestamp(),
      idTag: COMPANY_TAG,
    });
    await until(() => stage.backend("employer").backlog === 0, 5_000, "all to be delivered");
  } finally {
    await Promise.all([charger.close(), employer.close()]);
  }
}

/** Until the charger has charged for some minutes of its own. */
async function charged(charger: VirtualCharger, connectorId: number): Promise<void> {
  const { transaction } = charger.connector(connectorId);
  await until(
    () => charger.connector(connectorId).transaction?.id !== undefined,
    5_000,
    `a transaction${transaction ? "'s id" : ""}`,
  );
  const startedAt = charger.clock.now();
  await until(() => charger.clock.now() > startedAt + 180_000, 5_000, "meter values to be due");
}

/** A backend ends its newest transaction. */
async function stop(backend: StrictClient, transactionId: number): Promise<void> {
  await backend.call("RemoteStopTransaction", { transactionId });
}
