// Backends that want to disturb: every command with every id at every stage of another's session.

import assert from "node:assert/strict";
import { limitOf } from "../support/set_charging_profile.ts";
import type { StrictBackendServer } from "../support/strict_backend.ts";
import type { StrictClient } from "../support/strict_charger.ts";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { books, type Contest, contest, FIRST_IDS, holder, limited, report } from "./contest.ts";

/** Of the proxy, of each backend, and of nobody. */
function everyId({ charger }: Contest): number[] {
  const ours = charger.transactions.map(({ transactionId }) => transactionId);
  return [...ours, ...Object.values(FIRST_IDS), 0, 1, 7, -1, 2 ** 31 - 1];
}

/** Every command that could disturb, with every id that could be somebody's. */
function everyCommand(all: Contest): [action: string, payload: Payload][] {
  const expiryDate = new Date(Date.now() + 3_600_000).toISOString();
  const ids = everyId(all);
  const profile = (transactionId?: number): Payload => {
    const request = limitOf(0, "TxProfile");
    const csChargingProfiles = {
      ...request.csChargingProfiles as Payload,
      ...transactionId !== undefined && { transactionId },
    };
    return { ...request, csChargingProfiles };
  };
  return [
    ["RemoteStartTransaction", { idTag: "FOE" }],
    ["RemoteStartTransaction", { connectorId: 1, idTag: "GRID" }],
    ...ids.map((transactionId): [string, Payload] => ["RemoteStopTransaction", { transactionId }]),
    ["SetChargingProfile", limitOf(0)],
    ["SetChargingProfile", limitOf(0, "ChargePointMaxProfile")],
    ["SetChargingProfile", profile()],
    ...ids.map((id): [string, Payload] => ["SetChargingProfile", profile(id)]),
    ["ClearChargingProfile", {}],
    ["ClearChargingProfile", { chargingProfilePurpose: "TxDefaultProfile" }],
    ...ids.map((id): [string, Payload] => ["ClearChargingProfile", { id }]),
    ...ids.map((reservationId): [string, Payload] => [
      "ReserveNow",
      { connectorId: 1, expiryDate, idTag: "FOE", reservationId },
    ]),
    ...ids.map((reservationId): [string, Payload] => ["CancelReservation", { reservationId }]),
    ["UnlockConnector", { connectorId: 1 }],
    ["Reset", { type: "Hard" }],
    ["ChangeAvailability", { connectorId: 0, type: "Inoperative" }],
    ["ChangeConfiguration", { key: "AuthorizeRemoteTxRequests", value: "true" }],
    ["ClearCache", {}],
    ["SendLocalList", { listVersion: 1, updateType: "Full" }],
    ["UpdateFirmware", { location: "http://127.0.0.1/f", retrieveDate: expiryDate }],
    ["GetDiagnostics", { location: "http://127.0.0.1/d" }],
    ["DataTransfer", { vendorId: "foe" }],
  ];
}

/** What none of them may be answered. */
const WORKED = ["Accepted", "Unlocked", "Scheduled", "AcceptedCanceled"];

/** All of it, of one backend; each gets one answer, none of which says that it worked. */
async function disturb(
  all: Contest,
  backend: StrictClient | StrictBackendServer,
): Promise<void> {
  for (const [action, payload] of everyCommand(all)) {
    const what = `${action} ${JSON.stringify(payload)}`;
    const answer = await backend.call(action, payload).catch((error): Payload => {
      // These two have no status of their own that says no.
      assert.match(action, /^(UpdateFirmware|GetDiagnostics)$/, what);
      assert.equal(error.rpcErrorCode, "SecurityError", what);
      return {};
    });
    assert.ok(!WORKED.includes(String(answer.status)), `${what}: ${answer.status}`);
  }
}

async function disturbJson({ charger, script }: Contest): Promise<void> {
  const requests = [
    { action: "RemoteStartTransaction", id_tag: "GRID" },
    { action: "set_limit", current_a: 0 },
    { action: "request_control" },
    { action: "RemoteStopTransaction", transaction_id: charger.running?.transactionId ?? 1 },
  ];
  for (const request of requests) {
    assert.ok((await script.request(request)).error, JSON.stringify(request));
  }
  await script.request({ action: "clear_limit" });
}

Deno.test("no backend disturbs another's session, whatever it sends, with whatever id, and when", async () => {
  // The first of the foes is nobody's inferior: but whose session it is keeps control.
  const options = {
    charger: "max_current_a: 32",
    grid: "priority: 1, min_hold_s: 600",
    evcc: "priority: 5",
  };
  await contest("", options, async (all) => {
    const { charger, grid, evcc, home } = all;
    const foes = [evcc, home];
    const stage = async (name: string) => {
      await limited(all, 16);
      const known = charger.client.received.length;
      await Promise.all([...foes.map((foe) => disturb(all, foe)), disturbJson(all)]);
      const heard = charger.client.received.slice(known).map(({ action }) => action);
      assert.deepEqual(heard, [], name);
      assert.deepEqual([holder(all), charger.shelf.limit], ["grid", 16], name);
    };
    assert.equal((await grid.call("SetChargingProfile", limitOf(16))).status, "Accepted");
    const expiryDate = new Date(Date.now() + 3_600_000).toISOString();
    const reservation = { connectorId: 1, expiryDate, idTag: "GRID", reservationId: 7 };
    assert.equal((await grid.call("ReserveNow", reservation)).status, "Accepted");
    await stage("control without a transaction");

    // The charger lets the start wait, and the start its transaction.
    let accept = () => {};
    charger.client.answer("RemoteStartTransaction", async () => {
      await new Promise<void>((resolve) => accept = resolve);
      return { status: "Accepted" };
    });
    const started = grid.call("RemoteStartTransaction", { connectorId: 1, idTag: "GRID" });
    await until(() => charger.client.payloads("RemoteStartTransaction").length === 1, 5_000, "it");
    await stage("the start is on its way");
    accept();
    assert.equal((await started).status, "Accepted");
    await stage("the start is accepted");
    await charger.plug("GRID");
    const told = () => foes.every((foe) => foe.payloads("StartTransaction").length === 1);
    await until(told, 5_000, "the start to be known");
    await stage("the transaction runs");
    assert.equal(charger.running?.idTag, "GRID");

    await charger.client.close();
    await until(() => report(all.running).charger.connected === false, 5_000, "its absence");
    await Promise.all(foes.map((foe) => disturb(all, foe)));
    await charger.start();
    await stage("the charger was away");

    await charger.unplug();
    await limited(all, 32);
    assert.deepEqual(books(all), ["grid remote_start 500 Local"]);
    // What it had reserved ends with its control.
    await until(
      () => charger.client.payloads("CancelReservation").length === 1,
      5_000,
      "the reservation to be taken back",
    );
    assert.deepEqual(report(all.running).queue, []);
  });
});

Deno.test("its own start and stop cross those of another, and each is booked to its own", async () => {
  const tags = "id_tags: [{ tag: CARD, backend: home }, { tag: MINE, owner: true }]";
  await contest(tags, {}, async (all) => {
    const { charger, evcc, grid } = all;
    // A start that never comes leaves its claim to nobody else's card.
    charger.client.answer("RemoteStartTransaction", () => ({ status: "Accepted" }));
    const remoteStart = { connectorId: 1, idTag: "EVCC" };
    assert.equal((await evcc.call("RemoteStartTransaction", remoteStart)).status, "Accepted");
    await charger.plug("CARD");
    await charger.unplug();
    await charger.plug("MINE");
    // The household's own transaction is nobody's to end, but whose control it is may.
    assert.equal((await evcc.call("SetChargingProfile", limitOf(9))).status, "Accepted");
    await limited(all, 9);
    assert.equal((await grid.call("SetChargingProfile", limitOf(7))).status, "Accepted");
    await limited(all, 7);
    assert.equal(holder(all), "grid");
    await charger.unplug();
    await limited(all, undefined);
    assert.deepEqual(books(all), ["home id_tag 500 Local", " id_tag 500 Local"]);
  });
});
