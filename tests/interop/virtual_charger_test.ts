// The virtual charger at central systems that are not ours, without a proxy in between.

import assert from "node:assert/strict";
import { VirtualCharger } from "../../src/simulate/charger.ts";
import { quirksNamed } from "../../src/simulate/quirk_list.ts";
import { Vehicle } from "../../src/simulate/vehicle.ts";
import { until } from "../support/until.ts";
import { MOBILITYHOUSE, OCPP_GO, OCPP_RPC, Opened } from "./cast.ts";
import type { OcppSide } from "./ocpp_peer.ts";
import { interopTest } from "./toolchain.ts";

const TAG = "04A2B3C4D5";
const PASSWORD = "a password of 20 byt";
const FIRST_TRANSACTION_ID = 700;

/** A charger with quirks that keep to the schemas. */
async function booted(central: OcppSide & { url: string }): Promise<VirtualCharger> {
  const charger = new VirtualCharger({
    url: central.url,
    id: "SIM-1",
    password: PASSWORD,
    quirks: ["pings", "spaces", "ids-restart"].flatMap(quirksNamed),
    connectors: 2,
    speed: 600,
  });
  charger.start();
  await until(
    () => central.payloads("StatusNotification").length >= 3,
    5_000,
    "the statuses of both connectors",
  );
  return charger;
}

/** A limit of the whole charger; resolves with the status. */
async function limitTo(central: OcppSide, limitA: number): Promise<unknown> {
  const { status } = await central.call("SetChargingProfile", {
    connectorId: 0,
    csChargingProfiles: {
      chargingProfileId: 1,
      stackLevel: 0,
      chargingProfilePurpose: "ChargePointMaxProfile",
      chargingProfileKind: "Relative",
      chargingSchedule: {
        chargingRateUnit: "A",
        chargingSchedulePeriod: [{ startPeriod: 0, limit: limitA }],
      },
    },
  });
  return status;
}

for (const library of [OCPP_RPC, MOBILITYHOUSE, OCPP_GO]) {
  interopTest(
    `the virtual charger plays sessions at a central system of ${library.name}`,
    library.needs,
    async () => {
      await using opened = new Opened();
      const central = opened.add(await library.central(FIRST_TRANSACTION_ID, PASSWORD));
      const charger = await booted(central);
      opened.add({ close: () => charger.stop() });

      charger.plugIn(1, new Vehicle());
      assert.equal(await charger.presentTag(1, TAG), true);
      await until(() => central.payloads("MeterValues").length >= 2, 5_000, "meter values");
      assert.equal(await limitTo(central, 10), "Accepted");
      await until(() => charger.connector(1).offeredA === 10, 5_000, "10 A");

      const request = { connectorId: 2, idTag: TAG };
      charger.plugIn(2, new Vehicle());
      const { status } = await central.call("RemoteStartTransaction", request);
      assert.equal(status, "Accepted");
      await until(() => charger.connector(2).transaction?.id, 5_000, "the second transaction");
      // Two connectors share what the whole charger may draw: too little for either.
      assert.equal(charger.connector(2).offeredA, 5);

      const transactionId = Number(charger.connector(2).transaction?.id);
      await central.call("RemoteStopTransaction", { transactionId });
      charger.unplug(1);
      await until(() => central.payloads("StopTransaction").length === 2, 5_000, "both stops");
      const stops = central.payloads("StopTransaction");
      assert.deepEqual(
        stops.map((stop) => [stop.transactionId, stop.reason]),
        [[FIRST_TRANSACTION_ID + 1, "Remote"], [FIRST_TRANSACTION_ID, "EVDisconnected"]],
      );
      assert.deepEqual(
        stops.map((stop) => stop.meterStop),
        charger.sessions.map(({ meterStopWh }) => meterStopWh),
      );
      assert.deepEqual(central.violations, []);
    },
  );
}
