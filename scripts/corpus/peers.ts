// Charge points and central systems that are not ours, at `serve --record`: as their libraries write.

import { pause, until } from "../../tests/support/until.ts";
import type { Library } from "../../tests/interop/cast.ts";
import type { OcppSide } from "../../tests/interop/ocpp_peer.ts";
import { startProgram } from "../../tests/support/program.ts";
import { limitOf } from "../../tests/support/set_charging_profile.ts";
import type { Payload } from "../../tests/support/strict_peer.ts";

type Side = OcppSide & { readonly url: string };

interface Scene {
  readonly charger: OcppSide;
  /** Two central systems that the proxy dials: `work` bills, `home` may do everything. */
  readonly work: Side;
  readonly home: Side;
  /** The same charger once more, after its connection is gone. */
  reconnect(): Promise<OcppSide>;
}

interface Case {
  readonly charger: "MOBILITYHOUSE" | "OCPP_GO";
  play(scene: Scene): Promise<void>;
}

const CARD = "04A2B3C4D5";

const CASES: Readonly<Record<string, Case>> = {
  "mobilityhouse-session": { charger: "MOBILITYHOUSE", play: cardSession },
  "ocpp-go-session": { charger: "OCPP_GO", play: cardSession },
  "mobilityhouse-remote": { charger: "MOBILITYHOUSE", play: remoteSession },
  "ocpp-go-remote": { charger: "OCPP_GO", play: remoteSession },

  "mobilityhouse-offline": {
    charger: "MOBILITYHOUSE",
    async play({ charger, reconnect }) {
      await boot(charger);
      const transactionId = await start(charger, 1, stamp());
      await charger.close();
      const back = await reconnect();
      // What it kept while it was alone, and a whole session after it.
      await meter(back, 1, transactionId, 2_000, stamp(-3_600));
      await stop(back, transactionId, 4_000, stamp(-3_000), "PowerLoss");
      const second = await start(back, 1, stamp(-2_000), { meterStart: 4_000 });
      await stop(back, second, 9_000, stamp(-100));
      await status(back, 1, "Available");
    },
  },

  "mobilityhouse-local-time": {
    charger: "MOBILITYHOUSE",
    async play({ charger }) {
      await boot(charger, localStamp);
      const transactionId = await start(charger, 1, localStamp());
      await meter(charger, 1, transactionId, 1_500, localStamp());
      await stop(charger, transactionId, 2_000, localStamp());
      // One that waited for two hours.
      const second = await start(charger, 1, localStamp(-7_200), { meterStart: 2_000 });
      await stop(charger, second, 3_000, localStamp(-3_600));
    },
  },

  "mobilityhouse-two-connectors": {
    charger: "MOBILITYHOUSE",
    async play({ charger, home }) {
      await boot(charger);
      const first = await start(charger, 1, stamp());
      // It is refused while the other transaction runs; a card is not.
      await home.call("RemoteStartTransaction", { connectorId: 2, idTag: "HOME" });
      const second = await start(charger, 2, stamp(), { idTag: "04FFEE0011" });
      for (const wh of [1_500, 2_000]) {
        await meter(charger, 1, first, wh, stamp());
        await meter(charger, 2, second, wh, stamp());
      }
      await stop(charger, second, 2_100, stamp(), "EVDisconnected");
      await stop(charger, first, 2_500, stamp());
      await status(charger, 1, "Available");
      await status(charger, 2, "Available");
    },
  },

  "mobilityhouse-smart-charging": {
    charger: "MOBILITYHOUSE",
    async play({ charger, home }) {
      await boot(charger);
      await home.call("RemoteStartTransaction", { connectorId: 1, idTag: "HOME" });
      const transactionId = await start(charger, 1, stamp(), { idTag: "HOME" });
      for (const limit of [10, 6]) {
        await home.call("SetChargingProfile", limitOf(limit, "TxDefaultProfile", 7));
        await meter(charger, 1, transactionId, 1_000 + 100 * limit, stamp());
      }
      await home.call("ClearChargingProfile", {});
      const home1 = home.payloads("MeterValues").at(-1)?.transactionId;
      await home.call("RemoteStopTransaction", { transactionId: home1 });
      await until(() => charger.payloads("RemoteStopTransaction")[0], 5_000, "the command");
      await stop(charger, transactionId, 3_000, stamp(), "Remote");
    },
  },

  "mobilityhouse-errors": {
    charger: "MOBILITYHOUSE",
    async play({ charger, home, work }) {
      await boot(charger);
      // The library knows neither, and says so; nor may `work` ask for it.
      for (
        const [side, action, payload] of [
          [home, "UnlockConnector", { connectorId: 1 }],
          [home, "Reset", { type: "Soft" }],
          [work, "Reset", { type: "Hard" }],
        ] as const
      ) await side.call(action, payload).catch(() => {});
      const begin = stamp();
      const transactionId = await start(charger, 1, begin);
      // It has not heard the answer: the same start and the same values once more.
      await start(charger, 1, begin);
      const taken = stamp();
      for (let time = 0; time < 2; time++) await meter(charger, 1, transactionId, 1_500, taken);
      await status(charger, 1, "Faulted", { errorCode: "GroundFailure", info: "RCD" });
      const end = stamp();
      for (let time = 0; time < 2; time++) {
        await stop(charger, transactionId, 1_600, end, "EmergencyStop");
      }
      // Of a transaction that nobody knows.
      await stop(charger, 999, 10, end);
    },
  },
};

/** Makes the recording of each; fails where the language of the peers is not there. */
export const PEER_CASES: Readonly<Record<string, (file: string) => Promise<void>>> = Object
  .fromEntries(
    Object.entries(CASES).map(([name, play]) => [`peer-${name}`, (file) => record(play, file)]),
  );

async function record(scene: Case, file: string): Promise<void> {
  // It makes the peers ready, which takes a while the first time.
  const cast = await import("../../tests/interop/cast.ts");
  const library: Library = cast[scene.charger];
  await using opened = new cast.Opened();
  const work = opened.add(await cast.OCPP_GO.central(500_000, "work"));
  const home = opened.add(await cast.MOBILITYHOUSE.central(800_000, "home"));
  const flags = ["--record", file, "--raw"];
  const config = configuration(work.url, home.url);
  const program = opened.add(await startProgram({ config, flags }));
  const reconnect = async () => opened.add(await library.charger(program.chargerUrl, "CP1"));
  await scene.play({ charger: await reconnect(), work, home, reconnect });
  await until(
    async () => {
      const { backends } = await (await fetch(`${program.httpUrl}/status`)).json();
      return (backends as { backlog: number }[]).every(({ backlog }) => backlog === 0);
    },
    5_000,
    "everything to be delivered",
  );
}

function configuration(work: string, home: string): string {
  return `
time_zone: Europe/Brussels
charger: { id: CP1, max_current_a: 16, limit_spacing_s: 0 }
start_spacing_ms: 0
rate_limit_seconds: 0
allow_shared_charging: true
backends:
  - { id: work, url: "${work}", password: work, role: biller }
  - { id: home, url: "${home}", password: home, role: admin, min_hold_s: 0 }
id_tags:
  - { tag: ${CARD}, name: Company car, backend: work, send_as: [{ backend: work, tag: NL-EMP-1 }] }
`;
}

async function cardSession({ charger }: Scene): Promise<void> {
  await boot(charger);
  await charger.call("Heartbeat", {});
  await charger.call("Authorize", { idTag: CARD });
  await status(charger, 1, "Preparing");
  const transactionId = await start(charger, 1, stamp());
  await status(charger, 1, "Charging");
  for (const wh of [1_500, 2_250]) await meter(charger, 1, transactionId, wh, stamp());
  await status(charger, 1, "SuspendedEV");
  await stop(charger, transactionId, 2_300, stamp());
  await status(charger, 1, "Finishing");
  await status(charger, 1, "Available");
}

async function remoteSession({ charger, home }: Scene): Promise<void> {
  await boot(charger);
  await home.call("GetConfiguration", { key: ["NumberOfConnectors", "Nonsense"] });
  await home.call("TriggerMessage", { requestedMessage: "StatusNotification", connectorId: 1 });
  await home.call("RemoteStartTransaction", { connectorId: 1, idTag: "HOME" });
  const transactionId = await start(charger, 1, stamp(), { idTag: "HOME" });
  await meter(charger, 1, transactionId, 1_500, stamp());
  const known = () => home.payloads("MeterValues").at(-1)?.transactionId;
  await until(() => known() !== undefined, 5_000, "the meter value at home");
  await home.call("RemoteStopTransaction", { transactionId: known() });
  await until(() => charger.payloads("RemoteStopTransaction")[0], 5_000, "the command");
  await stop(charger, transactionId, 2_000, stamp(), "Remote");
  await status(charger, 1, "Available");
}

async function boot(charger: OcppSide, time: () => string = stamp): Promise<void> {
  await charger.call("BootNotification", { chargePointVendor: "Peer", chargePointModel: "One" });
  for (const connectorId of [0, 1, 2]) {
    await status(charger, connectorId, "Available", { timestamp: time() });
  }
  // The proxy has looked at its configuration.
  await pause(700);
}

async function status(
  charger: OcppSide,
  connectorId: number,
  word: string,
  changes: Payload = {},
): Promise<void> {
  const errorCode = "NoError";
  const timestamp = stamp();
  const payload = { connectorId, errorCode, status: word, timestamp, ...changes };
  await charger.call("StatusNotification", payload);
}

/** The transaction id that the charger is given. */
async function start(
  charger: OcppSide,
  connectorId: number,
  timestamp: string,
  changes: Payload = {},
): Promise<number> {
  const payload = { connectorId, idTag: CARD, meterStart: 1_000, timestamp, ...changes };
  return Number((await charger.call("StartTransaction", payload)).transactionId);
}

async function meter(
  charger: OcppSide,
  connectorId: number,
  transactionId: number,
  wh: number,
  timestamp: string,
): Promise<void> {
  const measurand = "Energy.Active.Import.Register";
  const sampledValue = [{ value: String(wh), measurand, unit: "Wh" }];
  const meterValue = [{ timestamp, sampledValue }];
  await charger.call("MeterValues", { connectorId, transactionId, meterValue });
}

async function stop(
  charger: OcppSide,
  transactionId: number,
  meterStop: number,
  timestamp: string,
  reason = "Local",
): Promise<void> {
  await charger.call("StopTransaction", { transactionId, meterStop, timestamp, reason });
}

/** Now, and so many seconds after it. */
function stamp(seconds = 0): string {
  return new Date(Date.now() + 1_000 * seconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The same on the clock of the household, without a zone. */
function localStamp(seconds = 0): string {
  return Temporal.Now.zonedDateTimeISO("Europe/Brussels").add({ seconds }).toPlainDateTime()
    .toString({ smallestUnit: "second" });
}
