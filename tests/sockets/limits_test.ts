// Limits of several backends on one real charger: the lowest counts, each sees its own, none stays.

import assert from "node:assert/strict";
import { limitOf } from "../support/set_charging_profile.ts";
import { pause, until } from "../support/until.ts";
import { books, contest, holder, lastReason, limited, report, rest, start } from "./contest.ts";
import type { StrictClient } from "../support/strict_charger.ts";
import type { StrictBackendServer } from "../support/strict_backend.ts";

/** What a backend is told of the limits on connector 1, A. */
async function composite(backend: StrictClient | StrictBackendServer): Promise<unknown> {
  const answer = await backend.call("GetCompositeSchedule", { connectorId: 1, duration: 600 });
  assert.equal(answer.status, "Accepted");
  const schedule = answer.chargingSchedule as
    | { chargingSchedulePeriod: { limit: number }[] }
    | undefined;
  return schedule?.chargingSchedulePeriod.map(({ limit }) => limit);
}

const GUARD = "priority: 20, permissions: [receive, read, guard]";

Deno.test("of guard, holder, owner and cap the lowest counts, and each sees only its own", async () => {
  await contest("", { charger: "max_current_a: 32", grid: GUARD }, async (all) => {
    const { charger, grid, evcc, home } = all;
    await limited(all, 32);
    await start(all, evcc, "EVCC");
    assert.equal((await evcc.call("SetChargingProfile", limitOf(16))).status, "Accepted");
    await limited(all, 16);
    const guarding = limitOf(13, "ChargePointMaxProfile", 7);
    assert.equal((await grid.call("SetChargingProfile", guarding)).status, "Accepted");
    assert.equal((await home.call("SetChargingProfile", limitOf(6))).status, "Rejected");
    await limited(all, 13);
    assert.equal(holder(all), "evcc");
    await rest(all, "POST", "override", { limit_a: 14 });
    assert.equal(charger.shelf.limit, 13);
    assert.equal((await grid.call("SetChargingProfile", limitOf(15))).status, "Accepted");
    await limited(all, 13);

    assert.deepEqual(await composite(evcc), [16]);
    assert.deepEqual(await composite(grid), [13]);
    assert.deepEqual(await composite(home), [32]);

    // Nobody clears what is not its own, whatever id it names.
    for (const request of [{ id: 1 }, { id: 7 }, { connectorId: 1 }, {}]) {
      assert.equal((await home.call("ClearChargingProfile", request)).status, "Unknown");
    }
    assert.equal((await evcc.call("ClearChargingProfile", { id: 7 })).status, "Unknown");
    await limited(all, 13);
    assert.equal((await grid.call("ClearChargingProfile", {})).status, "Accepted");
    await limited(all, 14);
    await rest(all, "POST", "override", { limit_a: null });
    await limited(all, 16);
    await charger.unplug();
    await limited(all, 32);
    assert.deepEqual(charger.shelf.profiles, ["1/TxDefaultProfile/32 A"]);
  });
});

Deno.test("a holder that is cut off: grace, then the fallback, and with the transaction nothing", async () => {
  const options = { charger: "fallback_current_a: 8" };
  await contest("reconnect_grace_s: 1", options, async (all) => {
    const { charger, evcc } = all;
    await start(all, evcc, "EVCC");
    assert.equal((await evcc.call("SetChargingProfile", limitOf(16))).status, "Accepted");
    await limited(all, 16);
    await evcc.cut();
    const gone = performance.now();
    await pause(500);
    assert.equal(holder(all), "evcc");
    assert.equal(charger.shelf.limit, 16);
    await limited(all, 8);
    assert.ok(performance.now() - gone >= 950);
    assert.equal(lastReason(all, "evcc"), "expired: the holder has been away for too long");
    await charger.reboot();
    await limited(all, 8);
    assert.equal(charger.running?.idTag, "EVCC");
    await charger.unplug();
    await limited(all, undefined);
    assert.deepEqual(charger.shelf.profiles, []);
    assert.deepEqual(books(all), ["evcc remote_start 500 Local"]);
  });
});

Deno.test("a charger that boots in between has its limit again, and loses it at the end", async () => {
  await contest("", {}, async (all) => {
    const { charger, evcc } = all;
    await start(all, evcc, "EVCC");
    const profile = limitOf(11, "TxProfile");
    assert.equal((await evcc.call("SetChargingProfile", profile)).status, "Accepted");
    await limited(all, 11);
    await charger.client.close();
    assert.equal((await evcc.call("SetChargingProfile", limitOf(9))).status, "Rejected");
    await charger.reboot();
    await limited(all, 11);
    assert.equal(holder(all), "evcc");
    await charger.unplug();
    await limited(all, undefined);
    assert.deepEqual(charger.shelf.profiles, []);
    assert.equal(holder(all), undefined);
  });
});

Deno.test("a limit is put as the charger takes it: relative, in watts, on the whole; or not at all", async () => {
  const options = {
    charger: "max_current_a: 32, phases: 1",
    keys: { ChargingScheduleAllowedChargingRateUnit: "Power" },
  };
  await contest("", options, async (all) => {
    const { charger, evcc } = all;
    const { shelf } = charger;
    charger.shelf.takes = ({ chargingProfileKind: kind, chargingSchedule }) =>
      kind === "Relative" && chargingSchedule.chargingRateUnit === "W";
    await charger.reboot();
    await limited(all, 32 * 230);
    assert.deepEqual(shelf.profiles, ["1/TxDefaultProfile/7360 W"]);
    await start(all, evcc, "EVCC");
    assert.equal((await evcc.call("SetChargingProfile", limitOf(10))).status, "Accepted");
    await limited(all, 2_300);

    // From the next boot on: nothing but a maximum of the whole charger.
    shelf.takes = ({ chargingProfilePurpose }) =>
      chargingProfilePurpose === "ChargePointMaxProfile";
    await charger.reboot();
    await limited(all, 2_300);
    assert.equal(shelf.profiles.length, 1);
    assert.match(shelf.profiles[0]!, /^0\/ChargePointMaxProfile/);
    await charger.unplug();
    await limited(all, 7_360);

    // It takes nothing any more: nobody is told that it has.
    shelf.takes = () => false;
    await charger.reboot();
    const told = "the charger takes no charging profile";
    await until(() => report(all.running).limit.problem === told, 5_000, "the refusal");
    assert.equal(report(all.running).limit.applied, false);
    assert.equal((await evcc.call("SetChargingProfile", limitOf(10))).status, "Rejected");
    assert.equal(holder(all), undefined);
  });
});
