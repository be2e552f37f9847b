// Who may control, over real sockets: grants, refusals in OCPP's own words, the queue, hand-over.

import assert from "node:assert/strict";
import { limitOf } from "../support/set_charging_profile.ts";
import { pause, until } from "../support/until.ts";
import {
  books,
  contest,
  FIRST_IDS,
  holder,
  lastReason,
  limited,
  report,
  start,
} from "./contest.ts";

const IN_AN_HOUR = () => new Date(Date.now() + 3_600_000).toISOString();

Deno.test("control is granted and renewed; others are refused as OCPP says, and change nothing", async () => {
  await contest("", { charger: "max_current_a: 32" }, async (all) => {
    const { charger, grid, evcc, home, script } = all;
    await start(all, grid, "GRID");
    assert.equal(holder(all), "grid");
    assert.equal((await grid.call("SetChargingProfile", limitOf(16))).status, "Accepted");
    await limited(all, 16);
    const known = charger.client.received.length;

    for (const [id, backend] of [["evcc", evcc], ["home", home]] as const) {
      await until(() => backend.payloads("StartTransaction").length === 1, 5_000, "the start");
      const transactionId = FIRST_IDS[id];
      const reservation = { connectorId: 1, expiryDate: IN_AN_HOUR(), idTag: "X" };
      const refusals = [
        ["RemoteStartTransaction", { connectorId: 1, idTag: "X" }, "Rejected"],
        ["RemoteStopTransaction", { transactionId }, "Rejected"],
        ["SetChargingProfile", limitOf(6), "Rejected"],
        ["ClearChargingProfile", {}, "Unknown"],
        ["ReserveNow", { ...reservation, reservationId: 1 }, "Rejected"],
        ["CancelReservation", { reservationId: 1 }, "Rejected"],
        ["UnlockConnector", { connectorId: 1 }, "UnlockFailed"],
      ] as const;
      for (const [action, payload, status] of refusals) {
        assert.deepEqual(await backend.call(action, payload), { status }, `${id}: ${action}`);
      }
      assert.equal(lastReason(all, id), "denied: a transaction of grid is running");
    }
    const { transactionId } = charger.running!;
    for (
      const request of [
        { action: "request_control" },
        { action: "RemoteStartTransaction", id_tag: "X" },
        { action: "RemoteStopTransaction", transaction_id: transactionId },
        { action: "set_limit", current_a: 6 },
      ]
    ) {
      const { error, reason } = await script.request(request);
      assert.deepEqual(
        [error, reason],
        ["control_locked", "denied: a transaction of grid is running"],
      );
    }
    assert.equal((await script.request({ action: "release_control" })).error, "denied");
    assert.equal(charger.client.received.length, known);
    assert.equal(charger.shelf.limit, 16);

    // Of its own transaction the holder may say the end; with it control ends, and its limit.
    const stop = await grid.call("RemoteStopTransaction", { transactionId: FIRST_IDS.grid });
    assert.equal(stop.status, "Accepted");
    await until(() => holder(all) === undefined, 5_000, "the end of control");
    await limited(all, 32);
    assert.deepEqual(charger.shelf.profiles, ["1/TxDefaultProfile/32 A"]);
    assert.deepEqual(books(all), ["grid remote_start 500 Remote"]);
  });
});

Deno.test("who waits in the queue gets control by rank and age, or gives its place back", async () => {
  await contest("allow_unknown_backends: true", {}, async (all) => {
    const { charger, grid, home, script } = all;
    await start(all, grid, "GRID");
    const first = await script.request({ id: 1, action: "request_control", queue: true });
    assert.deepEqual(first.result, {
      granted: false,
      queued: true,
      position: 1,
      reason: "queued: a transaction of grid is running",
    });
    const again = await script.request({ id: 2, action: "request_control", queue: true });
    assert.equal((again.result as { position: number }).position, 1);
    assert.equal((await home.call("UnlockConnector", { connectorId: 1 })).status, "UnlockFailed");

    await charger.unplug();
    await until(() => script.events("control_granted").length === 1, 5_000, "its turn");
    assert.equal(holder(all), "script");
    assert.equal((await script.request({ action: "release_control" })).result, true);
    assert.equal(holder(all), undefined);

    await start(all, grid, "GRID2");
    await script.request({ action: "request_control", queue: true });
    assert.equal((await script.request({ action: "release_control" })).result, true);
    assert.deepEqual(report(all.running).queue, []);
    await charger.unplug();
    await until(() => holder(all) === undefined, 5_000, "the end of control");
    assert.equal(script.events("control_granted").length, 1);
  });
});

Deno.test("a higher one takes over after min_hold_s: stopped, booked to the old holder, begun anew", async () => {
  const options = { evcc: "priority: 10, min_hold_s: 1" };
  await contest("preferred_provider: home", options, async (all) => {
    const { charger, grid, evcc, home } = all;
    const begun = Date.now();
    await start(all, evcc, "EVCC");
    assert.equal((await evcc.call("SetChargingProfile", limitOf(8))).status, "Accepted");
    await limited(all, 8);
    const remoteStart = { connectorId: 1, idTag: "GRID" };
    assert.equal((await grid.call("RemoteStartTransaction", remoteStart)).status, "Rejected");
    assert.equal(
      lastReason(all, "grid"),
      "denied: a transaction of evcc is running, and keeps control for another 1 s",
    );

    await pause(Math.max(0, begun + 1_100 - Date.now()));
    // A limit ends nobody's transaction.
    assert.equal((await grid.call("SetChargingProfile", limitOf(6))).status, "Rejected");
    assert.equal((await grid.call("RemoteStartTransaction", remoteStart)).status, "Accepted");
    await until(() => charger.running?.idTag === "GRID", 5_000, "the new transaction");
    assert.equal(holder(all), "grid");
    await limited(all, undefined);
    assert.deepEqual(charger.shelf.profiles, []);

    // The preferred one comes before any priority.
    const own = { connectorId: 1, idTag: "HOME" };
    assert.equal((await home.call("RemoteStartTransaction", own)).status, "Accepted");
    await until(() => charger.running?.idTag === "HOME", 5_000, "the third transaction");
    await charger.unplug();

    assert.deepEqual(books(all), [
      "evcc remote_start 500 Remote",
      "grid remote_start 500 Remote",
      "home remote_start 500 Local",
    ]);
    for (const [id, backend] of [["grid", grid], ["evcc", evcc], ["home", home]] as const) {
      const ends = () => backend.payloads("StopTransaction");
      await until(() => ends().length === 3, 5_000, `the books of ${id}`);
      const starts = backend.payloads("StartTransaction").map(({ meterStart }) => meterStart);
      assert.deepEqual(starts, charger.transactions.map(({ meterStartWh }) => meterStartWh));
      const [one, two, three] = ends();
      const expected = charger.transactions.map(({ meterStopWh }, index) => [
        FIRST_IDS[id] + index,
        meterStopWh,
      ]);
      assert.deepEqual(
        [one!, two!, three!].map(({ transactionId, meterStop }) => [transactionId, meterStop]),
        expected,
      );
    }
    assert.equal(charger.client.payloads("RemoteStopTransaction").length, 2);
  });
});

Deno.test("when the charger does not stop, nothing changes hands", async () => {
  await contest("", {}, async (all) => {
    const { charger, grid, evcc } = all;
    await start(all, evcc, "EVCC");
    charger.client.answer("RemoteStopTransaction", () => ({ status: "Rejected" }));
    const remoteStart = { connectorId: 1, idTag: "GRID" };
    assert.equal((await grid.call("RemoteStartTransaction", remoteStart)).status, "Rejected");
    assert.match(lastReason(all, "grid"), /but the charger did not end the running transaction$/);
    assert.equal(holder(all), "evcc");
    assert.equal((await evcc.call("SetChargingProfile", limitOf(8))).status, "Accepted");
    await limited(all, 8);
    await charger.unplug();
    assert.deepEqual(books(all), ["evcc remote_start 500 Local"]);
  });
});
