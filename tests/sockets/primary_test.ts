// Whatever the backend does that a session is booked to, the charger is answered in time and stays.

import assert from "node:assert/strict";
import {
  bootStrictCharger,
  strictCharger,
  strictDialInBackend,
} from "../support/strict_charger.ts";
import { strictBackendServer } from "../support/strict_backend.ts";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { at, meterValues, status } from "./charging.ts";
import {
  type Call,
  FIRST_TRANSACTION_ID,
  type Manner,
  OddBackend,
  rightAnswer,
} from "./odd_backend.ts";
import { Stage } from "./stage.ts";
import { together } from "./together.ts";

/** What the charger may have to wait for an answer at the most, ms. */
const PATIENCE_MS = 3_000;

/** Registers the charge point properly, and is odd afterwards. */
function registered(manner: Manner): Manner {
  return (call, backend) => {
    if (call.action === "BootNotification") call.socket.send(rightAnswer(call));
    else manner(call, backend);
  };
}

function answerLater(ms: number): Manner {
  return (call, backend) =>
    backend.later(ms, () => {
      if (call.socket.readyState === call.socket.OPEN) call.socket.send(rightAnswer(call));
    });
}

function error({ id }: Call): string {
  return JSON.stringify([4, id, "InternalError", "no", {}]);
}

const MANNERS: Readonly<Record<string, Manner>> = {
  "never answers, not even BootNotification": () => {},
  "answers nothing but BootNotification": registered(() => {}),
  "answers everything after 10 s": registered(answerLater(10_000)),
  "answers after the deadline": registered(answerLater(2_800)),
  "answers twice": (call) => {
    call.socket.send(rightAnswer(call));
    call.socket.send(rightAnswer(call));
  },
  "answers with wrong ids": registered((call) => {
    call.socket.send(rightAnswer({ ...call, id: "another" }));
  }),
  "answers with garbage": registered(({ id, socket }) => {
    for (const text of ["", "{", "[]", "[3]", `[3,"${id}"`, `[3,"${id}",]`, "\u0000", "[9,1,2]"]) {
      socket.send(text);
    }
  }),
  "answers with null": registered(({ id, socket }) => socket.send(`[3,"${id}",null]`)),
  "answers with nonsense": registered(({ id, socket }) => {
    socket.send(JSON.stringify([3, id, { transactionId: "x", idTagInfo: { status: "Maybe" } }]));
  }),
  "answers everything with a CALLERROR": (call) => call.socket.send(error(call)),
  "answers all but BootNotification with a CALLERROR": registered((call) => {
    call.socket.send(error(call));
  }),
  "is Pending": ({ id, socket }) => {
    socket.send(
      JSON.stringify([3, id, { status: "Pending", currentTime: at(0), interval: 10 }]),
    );
  },
  "rejects": ({ id, socket }) => {
    socket.send(
      JSON.stringify([3, id, { status: "Rejected", currentTime: at(0), interval: 10 }]),
    );
  },
  "closes on every StartTransaction": registered((call) => {
    if (call.action === "StartTransaction") call.socket.close(1011);
    else call.socket.send(rightAnswer(call));
  }),
  "breaks the connection on every message": (call) => call.socket.terminate(),
};

/** One session, every answer in time. */
async function charge(url: string): Promise<void> {
  const charger = await strictCharger(url, "CP1", { reconnect: false });
  const call = async (action: string, payload: Payload) => {
    const begun = performance.now();
    const answer = await charger.call(action, payload);
    const tookMs = performance.now() - begun;
    assert.ok(tookMs <= PATIENCE_MS, `${action} took ${Math.round(tookMs)} ms`);
    return answer;
  };
  await bootStrictCharger(charger);
  await call("StatusNotification", status(1, "Preparing"));
  const { idTagInfo } = await call("Authorize", { idTag: "STRANGER" });
  assert.equal((idTagInfo as Payload).status, "Accepted");
  const start = { connectorId: 1, idTag: "COMPANY", meterStart: 1_000, timestamp: at(0) };
  const begun = await call("StartTransaction", start);
  assert.equal((begun.idTagInfo as Payload).status, "Accepted");
  const transactionId = Number(begun.transactionId);
  assert.ok(transactionId > 0);
  await call("MeterValues", meterValues(transactionId, 10, 2_000));
  await call("Heartbeat", {});
  const end = { transactionId, meterStop: 4_000, timestamp: at(30) };
  await call("StopTransaction", end);
  assert.ok(charger.connected, "the charger was disconnected");
  assert.deepEqual(charger.violations, []);
  await charger.close();
}

function configuration(url: string): string {
  return `
charger: { id: CP1 }
preferred_provider: employer
id_tags: [{ tag: COMPANY, backend: employer }]
backends:
  - { id: employer, url: "${url}", role: biller, message_retry_interval_s: 1 }
  - { id: observer, token: t }
`;
}

/** Plays a session with a primary backend of this manner; an observer has to hear all of it. */
async function chargeWith(manner: Manner): Promise<void> {
  await using backend = await OddBackend.open(manner);
  await using stage = await Stage.open(configuration(backend.url));
  const observer = await strictDialInBackend(stage.backendUrl, "observer", "t");
  await until(() => backend.dials > 0, 5_000, "the primary to be dialled");
  await charge(stage.chargerUrl);
  await until(() => observer.payloads("StopTransaction").length > 0, 5_000, "the stop");
  assert.equal(observer.payloads("StartTransaction").length, 1);
  assert.deepEqual(stage.proxy.report().sessions, []);
  await observer.close();
  assert.deepEqual(observer.violations, []);
  assert.deepEqual(stage.complaints().filter((line) => !/set aside/.test(line)), []);
}

async function primaryAway(): Promise<void> {
  const placeholder = await strictBackendServer();
  const { port, url } = placeholder;
  await placeholder.close();
  await using stage = await Stage.open(configuration(url));
  await charge(stage.chargerUrl);
  const employer = await strictBackendServer({ port, firstTransactionId: 40 });
  await until(() => employer.payloads("StopTransaction").length === 1, 10_000, "the backlog");
  assert.equal(employer.payloads("StartTransaction").length, 1);
  assert.equal(employer.payloads("StopTransaction")[0]?.transactionId, 40);
  await employer.close();
  assert.deepEqual(employer.violations, []);
}

async function heardOnce(): Promise<void> {
  await using backend = await OddBackend.open(registered((call, odd) => {
    answerLater(call.action === "StartTransaction" ? 10_000 : 0)(call, odd);
  }));
  await using stage = await Stage.open(configuration(backend.url));
  await until(() => backend.dials > 0, 5_000, "the dial");
  await charge(stage.chargerUrl);
  await until(() => backend.actions().includes("StopTransaction"), 15_000, "the stop");
  const told = backend.calls.filter(({ action }) => /MeterValues|Transaction$/.test(action));
  assert.deepEqual(told.map(({ action }) => action), [
    "StartTransaction",
    "MeterValues",
    "StopTransaction",
  ]);
  const [, meter, stop] = told.map(({ payload }) => Number(payload.transactionId));
  assert.ok(meter! >= FIRST_TRANSACTION_ID);
  assert.equal(stop, meter);
}

async function ownHeartbeats(): Promise<void> {
  const hasty = await strictBackendServer({
    answers: {
      BootNotification: () => ({ status: "Accepted", currentTime: at(0), interval: 10 }),
    },
  });
  const calm = await strictBackendServer();
  await using stage = await Stage.open(`
charger: { id: CP1 }
backends:
  - { id: hasty, url: "${hasty.url}" }
  - { id: calm, url: "${calm.url}" }
`);
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  await bootStrictCharger(charger);
  await until(() => hasty.payloads("Heartbeat").length === 1, 13_000, "a heartbeat");
  const [before, heartbeat] = hasty.received.slice(-2);
  const waited = heartbeat!.at - before!.at;
  assert.ok(waited > 9_500 && waited < 12_000, `${waited} ms`);
  assert.deepEqual(calm.payloads("Heartbeat"), []);
  await Promise.all([charger.close(), hasty.close(), calm.close()]);
  assert.deepEqual([...hasty.violations, ...calm.violations], []);
}

Deno.test("the charger is answered within 3 s and stays connected, whatever its primary backend does", (t) => {
  const odd = Object.entries(MANNERS).map(([name, manner]) =>
    [`it ${name}`, () => chargeWith(manner)] as const
  );
  return together(t, {
    ...Object.fromEntries(odd),
    "it is away, and hears everything later": primaryAway,
    "it answers the start after 10 s, and hears everything once": heardOnce,
    "two others get heartbeats at their own intervals meanwhile": ownHeartbeats,
  });
});
