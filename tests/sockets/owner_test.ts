// The owner's word over REST while backends and a charger are connected: modes, limits, answers, facts.

import assert from "node:assert/strict";
import { limitOf } from "../support/set_charging_profile.ts";
import { until } from "../support/until.ts";
import {
  books,
  type Contest,
  contest,
  holder,
  lastReason,
  limited,
  report,
  rest,
  start,
} from "./contest.ts";

function override(all: Contest, word: Record<string, string | number | null>) {
  return rest(all, "POST", "override", word);
}

async function unlock({ home }: Contest): Promise<unknown> {
  return (await home.call("UnlockConnector", { connectorId: 1 })).status;
}

/** The number of the one open question. */
async function question(all: Contest): Promise<number> {
  return await until(
    async () => {
      const [open] = (await rest(all, "GET", "requests")).requests as { id: number }[];
      return open?.id;
    },
    5_000,
    "the question",
  );
}

Deno.test("a limit and a pause of the owner reach the car at once, and nothing of them stays", async () => {
  await contest("", { charger: "max_current_a: 32" }, async (all) => {
    const { charger, evcc } = all;
    await start(all, evcc, "EVCC");
    assert.equal((await evcc.call("SetChargingProfile", limitOf(16))).status, "Accepted");
    await limited(all, 16);
    assert.equal((await override(all, { limit_a: 10 })).limit_a, 10);
    await limited(all, 10);
    const { limit } = await rest(all, "GET", "status");
    const { current_a, by, applied } = limit as Record<string, unknown>;
    assert.deepEqual([current_a, by, applied], [10, "the owner's limit", true]);
    // The backend's own view is its own: what it set, whatever others say.
    const composite = await evcc.call("GetCompositeSchedule", { connectorId: 1, duration: 600 });
    const schedule = composite.chargingSchedule as { chargingSchedulePeriod: unknown };
    assert.deepEqual(schedule.chargingSchedulePeriod, [{ startPeriod: 0, limit: 16 }]);

    await override(all, { mode: "paused", for_s: 3600 });
    await limited(all, 0);
    assert.deepEqual(charger.shelf.lastingZeros, []);
    assert.equal(holder(all), undefined);
    assert.equal((await evcc.call("SetChargingProfile", limitOf(16))).status, "Rejected");
    assert.equal(lastReason(all, "evcc"), "denied: the owner has paused charging");
    assert.equal(charger.running?.idTag, "EVCC");

    // Whoever set the limit that counted has lost control: the fallback, until it ends.
    await override(all, { mode: "auto" });
    await limited(all, 6);
    assert.equal((await evcc.call("SetChargingProfile", limitOf(20))).status, "Accepted");
    await limited(all, 20);
    await charger.unplug();
    await limited(all, 32);
    assert.deepEqual(charger.shelf.profiles, ["1/TxDefaultProfile/32 A"]);
    assert.deepEqual(books(all), ["evcc remote_start 500 Local"]);
  });
});

Deno.test("the mode decides whose word counts, and ends when the owner said", async () => {
  const tags = "id_tags: [{ tag: MINE, owner: true }, { tag: NEAR, backend: home }]";
  await contest(tags, {}, async (all) => {
    const { charger, evcc, home } = all;
    const authorize = async (idTag: string) =>
      ((await charger.client.call("Authorize", { idTag })).idTagInfo as { status: string }).status;
    await override(all, { mode: "owner_only" });
    assert.deepEqual([await authorize("MINE"), await authorize("NEAR")], ["Accepted", "Blocked"]);
    assert.equal(await unlock(all), "UnlockFailed");
    assert.equal(lastReason(all, "home"), "denied: the owner has switched sharing off");
    await override(all, { mode: "paused" });
    assert.deepEqual([await authorize("MINE"), await authorize("NEAR")], ["Blocked", "Blocked"]);
    await override(all, { mode: "auto" });
    assert.deepEqual([await authorize("MINE"), await authorize("NEAR")], ["Accepted", "Accepted"]);

    // Whom the owner gives it to takes over from anybody, and nobody from that one.
    await start(all, evcc, "EVCC");
    await override(all, { mode: "backend", backend_id: "home", for_s: 2 });
    assert.equal(holder(all), undefined);
    const own = { connectorId: 1, idTag: "HOME" };
    assert.equal((await home.call("RemoteStartTransaction", own)).status, "Accepted");
    await until(() => charger.running?.idTag === "HOME", 5_000, "the new transaction");
    const again = { connectorId: 1, idTag: "EVCC" };
    assert.equal((await evcc.call("RemoteStartTransaction", again)).status, "Rejected");
    assert.equal(lastReason(all, "evcc"), "denied: the owner has given control to home alone");
    await until(() => report(all.running).mode.mode === "auto", 5_000, "the end of the mode");
    assert.equal(lastReason(all, null), "auto again: the owner's time is over");
    assert.equal((await evcc.call("RemoteStartTransaction", again)).status, "Accepted");
    await until(() => charger.transactions.length === 3, 5_000, "the third transaction");
    await charger.unplug();
    assert.deepEqual(books(all), [
      "evcc remote_start 500 Remote",
      "home remote_start 500 Remote",
      "evcc remote_start 500 Local",
    ]);
  });
});

const ASK = `
rules:
  - { name: strangers must ask, backends: [home, script], then: ask, ask_timeout_s: 60 }
`;

Deno.test("a command waits for the owner's answer, and what is said counts for the next ones", async () => {
  await contest(ASK, {}, async (all) => {
    const { charger, home, script } = all;
    const waiting = home.call("RemoteStartTransaction", { connectorId: 1, idTag: "HOME" });
    const id = await question(all);
    assert.deepEqual(charger.client.payloads("RemoteStartTransaction"), []);
    assert.equal(holder(all), undefined);
    await rest(all, "POST", `requests/${id}`, { decision: "allow" });
    assert.equal((await waiting).status, "Accepted");
    await until(() => charger.running, 5_000, "the transaction");
    const twice = await fetch(`${all.running.url}/api/v1/requests/${id}`, {
      method: "POST",
      body: '{"decision":"deny"}',
      headers: { "content-type": "application/json" },
    });
    assert.equal(twice.status, 409);
    await twice.body?.cancel();
    await charger.unplug();
    await until(() => holder(all) === undefined, 5_000, "the end of control");
    assert.equal(await unlock(all), "Unlocked");

    // The owner is not asked for what could not be had anyway.
    const refused = await script.request({ action: "RemoteStartTransaction", id_tag: "S" });
    assert.equal(refused.error, "control_locked");
    assert.deepEqual(report(all.running).questions, []);
  });
});

Deno.test("who could not wait for the answer is refused, and gets control when the owner says yes", async () => {
  await contest(ASK, {}, async (all) => {
    const { charger, home, script } = all;
    // Thirty-two commands may wait; one more is refused, but its question stays open.
    const calls = Array.from({ length: 33 }, () => unlock(all));
    const id = await question(all);
    assert.equal(await Promise.race(calls), "UnlockFailed");
    const pending = await script.request({ action: "request_control" });
    assert.equal(pending.error, "pending");
    assert.equal(
      pending.reason,
      "the owner is asked: rule 'strangers must ask'",
    );
    await rest(all, "POST", `requests/${id}`, { decision: "deny" });
    assert.deepEqual(new Set(await Promise.all(calls)), new Set(["UnlockFailed"]));
    assert.match(lastReason(all, "home"), /the owner said no to question 1 /);
    assert.equal(await unlock(all), "UnlockFailed");
    assert.deepEqual(charger.client.payloads("UnlockConnector"), []);

    await rest(all, "POST", `requests/${pending.question}`, { decision: "allow" });
    await until(() => script.events("control_granted").length === 1, 5_000, "control");
    assert.equal(holder(all), "script");
    assert.equal((await script.request({ action: "set_limit", current_a: 9 })).result, true);
    await limited(all, 9);
    await script.request({ action: "release_control" });
    await limited(all, undefined);
    assert.deepEqual(home.violations, []);
  });
});

Deno.test("a rule goes by a fact that REST tells: limit, no limit, denied while it is unknown", async () => {
  const rules = `
rules:
  - name: gentle
    when: number(ha("sensor.house_power")) > 4000
    then: limit
    current_a: 10
`;
  await contest(rules, {}, async (all) => {
    const { charger, evcc } = all;
    const tell = (value: number) => rest(all, "PUT", "facts/sensor.house_power", { value });
    const remoteStart = { connectorId: 1, idTag: "EVCC" };
    assert.equal((await evcc.call("RemoteStartTransaction", remoteStart)).status, "Rejected");
    assert.equal(
      lastReason(all, "evcc"),
      "denied: rule 'gentle' — sensor.house_power is unknown",
    );
    await tell(500);
    await start(all, evcc, "EVCC");
    assert.equal((await evcc.call("SetChargingProfile", limitOf(16))).status, "Accepted");
    await limited(all, 16);
    await tell(5_000);
    await limited(all, 10);
    const { limit } = report(all.running);
    assert.deepEqual([limit.current_a, limit.by, limit.applied], [10, "rule 'gentle'", true]);
    await tell(900);
    await limited(all, 16);
    await charger.unplug();
    await limited(all, undefined);
    assert.deepEqual(charger.shelf.profiles, []);
  });
});
