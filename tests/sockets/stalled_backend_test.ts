// Backends that do not read: they are dropped, and nobody else notices.

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import {
  bootStrictCharger,
  strictCharger,
  type StrictClient,
  strictDialInBackend,
} from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";
import { at, begin } from "./charging.ts";
import { JsonClient } from "./json_client.ts";
import { OddBackend, rightAnswer } from "./odd_backend.ts";
import { Stage } from "./stage.ts";

/** More than the operating system takes for a peer that does not read. */
const BURST = { messages: 40, samples: 6_000 };

/** What follows: this many a second. */
const RATE = 200;

/**
 * A charger's answer, at the 99th percentile, ms: far beyond what a quiet machine needs (50 is the
 * promise), far below what waiting for a stalled backend would take.
 */
const P99_MS = 1_000;

/** A backend that has connected and then reads nothing. */
async function deaf(url: string, token: string, protocols: string[] = []): Promise<WebSocket> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, protocols, { headers });
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("open", resolve));
  socket.pause();
  return socket;
}

/** Half a megabyte of meter values, each time. */
async function burst(charger: StrictClient, transactionId: number): Promise<void> {
  const sampledValue = Array.from({ length: BURST.samples }, (_, index) => ({
    value: String(index),
    measurand: "Power.Active.Import",
    unit: "W",
    context: "Sample.Clock",
  }));
  for (let index = 0; index < BURST.messages; index++) {
    const meterValue = [{ timestamp: at(index % 60), sampledValue }];
    await charger.call("MeterValues", { connectorId: 1, transactionId, meterValue });
  }
}

/** Calls at RATE for so long; how long each answer took, ms, ascending. */
async function measure(
  charger: StrictClient,
  transactionId: number,
  forMs: number,
): Promise<number[]> {
  const took: number[] = [];
  const begun = performance.now();
  for (let index = 0; performance.now() - begun < forMs; index++) {
    const due = begun + index * 1_000 / RATE;
    if (due > performance.now()) await pause(due - performance.now());
    const sent = performance.now();
    if (index % 2 === 0) {
      await charger.call("Heartbeat");
    } else {
      const sampledValue = [{ value: String(2_000 + index), unit: "Wh" }];
      const meterValue = [{ timestamp: at(30), sampledValue }];
      await charger.call("MeterValues", { connectorId: 1, transactionId, meterValue });
    }
    took.push(performance.now() - sent);
  }
  return took.sort((a, b) => a - b);
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)]!;
}

Deno.test("N67: backends that never read are dropped after 10 s; the charger and the others do not notice", async () => {
  await using server = await OddBackend.open((call) => {
    call.socket.send(rightAnswer(call));
    if (call.action !== "StartTransaction") return;
    // Asks for more than it will ever read.
    call.socket.pause();
    for (let index = 0; index < 400; index++) {
      call.socket.send(`[2,"g${index}","GetConfiguration",{}]`);
    }
  });
  await using stage = await Stage.open(`
charger: { id: CP1 }
backends:
  - { id: deaf-json, token: a }
  - { id: deaf-ocpp, url: "${server.url}" }
  - { id: observer, token: c }
  - { id: panel, token: d }
`);
  const observer = await strictDialInBackend(stage.backendUrl, "observer", "c");
  const panel = await JsonClient.connect(`${stage.backendUrl}/panel`, { token: "d" });
  const socket = await deaf(`${stage.backendUrl}/deaf-json`, "a");
  const charger = await strictCharger(stage.chargerUrl, "CP1", { reconnect: false });
  const configurationKey = Array.from({ length: 300 }, (_, index) => ({
    key: `Key${index}`,
    readonly: true,
    value: "v".repeat(450),
  }));
  charger.answer("GetConfiguration", () => ({ configurationKey }));
  try {
    await bootStrictCharger(charger);
    await until(() => server.actions().includes("StatusNotification"), 5_000, "the states");
    const transactionId = await begin(charger);
    await burst(charger, transactionId);
    assert.ok(stage.connected("deaf-json") && stage.connected("deaf-ocpp"));

    const took = await measure(charger, transactionId, 10_500);
    const dropped = stage.logged
      .filter(({ message }) => message === "a backend does not read; it is disconnected")
      .map(({ values }) => String(values.backend));
    assert.deepEqual(dropped.sort(), ["deaf-json", "deaf-ocpp"]);
    assert.equal(stage.connected("deaf-json"), false);
    assert.ok(percentile(took, 0.99) <= P99_MS, `p99 ${percentile(took, 0.99)} ms`);

    const meters = BURST.messages + Math.floor(took.length / 2);
    await until(() => panel.events("meter").length === meters, 10_000, "all at the panel");
    await until(
      () => observer.payloads("MeterValues").length === meters,
      20_000,
      "all at the observer",
    );
    assert.ok(charger.connected && stage.connected("observer") && stage.connected("panel"));
    assert.deepEqual([...charger.violations, ...observer.violations], []);
    assert.deepEqual(stage.complaints(), []);
  } finally {
    socket.terminate();
    await Promise.all([charger.close(), observer.close(), panel.close()]);
  }
});

Deno.test("after a pause in reading, a durable backend misses nothing and another one starts over", async () => {
  await using stage = await Stage.open(`
charger: { id: CP1 }
backends:
  - { id: books, token: b, durable: true }
  - { id: panel, token: p }
`);
  const sequences: number[] = [];
  const books = await deaf(`${stage.backendUrl}/books`, "b");
  books.on("message", (data) => {
    const { sequence } = JSON.parse(String(data));
    if (sequence !== undefined && sequence !== sequences.at(-1)) sequences.push(sequence);
  });
  const panel = await deaf(`${stage.backendUrl}/panel`, "p");
  const panelClosed = new Promise((resolve) => panel.once("close", resolve));
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  await bootStrictCharger(charger);
  const transactionId = await begin(charger);
  await burst(charger, transactionId);
  assert.ok(Number(stage.backend("books").backlog) > BURST.messages / 2);

  books.resume();
  panel.resume();
  await measure(charger, transactionId, 200);
  await until(() => stage.backend("books").backlog === 0, 15_000, "everything to be confirmed");
  assert.ok(sequences.length > BURST.messages);
  assert.deepEqual(sequences, sequences.map((_, index) => index + 1));
  assert.ok(stage.connected("books"));
  // What was left out for it is not kept: a new connection begins with the present state.
  await measure(charger, transactionId, 50);
  assert.equal(await panelClosed, 1013);
  books.terminate();
  await charger.close();
});

Deno.test("a pong vouches for nothing that was left out", async () => {
  await using stage = await Stage.open(`
charger: { id: CP1 }
backends: [{ id: books, token: b, durable: true }]
`);
  const charger = await strictCharger(stage.chargerUrl, "CP1");
  await bootStrictCharger(charger);
  const books = await deaf(`${stage.backendUrl}/books`, "b");
  // Replies that it does not read; an id comes back with its reply.
  const id = "x".repeat(16_000);
  for (let index = 0; index < 1_250; index++) books.send(JSON.stringify({ action: "ping", id }));
  await until(() => books.bufferedAmount === 0, 5_000, "its requests to be read");
  await pause(50);
  const transactionId = await begin(charger);

  const closed = new Promise((resolve) => books.once("close", resolve));
  books.resume();
  await pause(200);
  assert.equal(stage.backend("books").backlog, 1);
  await measure(charger, transactionId, 50);
  assert.equal(await closed, 1013);
  const again = await JsonClient.connect(`${stage.backendUrl}/books`, { token: "b" });
  await until(() => again.events("transaction_started").length === 1, 5_000, "the start");
  await until(() => stage.backend("books").backlog === 0, 5_000, "its confirmation");
  await Promise.all([charger.close(), again.close()]);
});
