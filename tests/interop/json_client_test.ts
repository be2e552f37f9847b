// A client as the first ocpp-proxy had them: Python, plain JSON, no subprotocol, no token, no ids.

import assert from "node:assert/strict";
import { startProgram } from "../support/program.ts";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { Opened, PYTHON } from "./cast.ts";
import { chargePointPeer } from "./ocpp_peer.ts";
import type { Peer } from "./peer.ts";
import {
  boot,
  finish,
  METER_START_WH,
  METER_STOP_WH,
  METER_VALUES_WH,
  nth,
  sampled,
  start,
} from "./session.ts";
import { interopTest, type Toolchain } from "./toolchain.ts";

interopTest(
  "a client of the first ocpp-proxy starts, follows and stops a session",
  [PYTHON],
  async () => {
    await using opened = new Opened();
    const program = opened.add(
      await startProgram({ config: "charger: { id: CP1 }\nallow_unknown_backends: true" }),
    );
    const client = opened.add(await jsonClient(PYTHON, `${program.backendUrl}?id=neighbour`));
    const other = opened.add(await jsonClient(PYTHON, `${program.backendUrl}?id=other`));
    const charger = opened.add(await chargePointPeer(PYTHON, program.chargerUrl, "CP1"));
    await boot(charger, []);
    const booted = await event(client, "boot");
    assert.deepEqual([booted.vendor, booted.model], ["Interop", "Peer"]);
    await charger.call("Heartbeat");
    await event(client, "heartbeat");

    const begin = { action: "RemoteStartTransaction", connector_id: 1, id_tag: "CARD" };
    assert.deepEqual(await reply(client, begin), { action: begin.action, result: true });
    assert.deepEqual(await nth(charger, "RemoteStartTransaction"), {
      connectorId: 1,
      idTag: "CARD",
    });
    assert.equal((await reply(other, begin)).error, "control_locked");
    assert.equal((await reply(other, { action: "Dance" })).error, "unknown_action");

    const { transactionId } = await start(charger, "CARD");
    const started = await event(client, "transaction_started");
    assert.deepEqual(
      [started.transaction_id, started.connector_id, started.id_tag, started.meter_start],
      [transactionId, 1, "CARD", METER_START_WH],
    );
    for (const energyWh of METER_VALUES_WH) {
      const meterValue = sampled(energyWh);
      await charger.call("MeterValues", { connectorId: 1, transactionId, meterValue });
    }
    await until(
      () => events(client, "meter").length === METER_VALUES_WH.length,
      5_000,
      "the meter",
    );
    assert.deepEqual(events(client, "meter").map(registerOf), METER_VALUES_WH);
    assert.ok(
      events(client, "meter").every(({ transaction_id }) => transaction_id === transactionId),
    );

    const end = { action: "RemoteStopTransaction", transaction_id: transactionId };
    assert.deepEqual(await reply(client, end), { action: end.action, result: true });
    assert.deepEqual(await nth(charger, "RemoteStopTransaction"), { transactionId });
    await finish(charger, transactionId, "Remote");
    const stopped = await event(client, "transaction_stopped");
    assert.deepEqual(
      [stopped.transaction_id, stopped.meter_stop, stopped.reason],
      [transactionId, METER_STOP_WH, "Remote"],
    );
    const session = await event(client, "session");
    assert.equal(session.energy_kwh, (METER_STOP_WH - METER_START_WH) / 1_000);
    assert.equal(session.backend_id, "neighbour");
    const words = () =>
      events(client, "status")
        .filter(({ connector_id }) => connector_id === 1)
        .map(({ status }) => status);
    const expected = ["Available", "Preparing", "Charging", "Available"];
    await until(() => words().length === expected.length, 5_000, "the last state");
    assert.deepEqual(words(), expected);
    assert.deepEqual(charger.violations, []);
  },
);

async function jsonClient(toolchain: Toolchain, url: string): Promise<Peer> {
  if (!toolchain.available) throw new Error(toolchain.reason);
  const client = toolchain.start("json_client", [url]);
  await client.ready();
  assert.equal(client.connections[0]?.protocol, null);
  return client;
}

/** What came in, oldest first. */
function messages(client: Peer): Payload[] {
  return client.frames
    .filter(({ direction }) => direction === "in")
    .map(({ text }) => JSON.parse(text));
}

function events(client: Peer, type: string): Payload[] {
  return messages(client).filter((message) => message.type === type);
}

/** The first event of its type. */
async function event(client: Peer, type: string): Promise<Payload> {
  return await until(() => events(client, type)[0], 5_000, `the event ${type}`);
}

/** Sends a request and returns what answers it: the next message that is no event. */
async function reply(client: Peer, request: Payload): Promise<Payload> {
  const replies = () => messages(client).filter(({ type }) => type === undefined);
  const known = replies().length;
  await client.command({ send: request });
  return await until(() => replies()[known], 5_000, `the reply to ${JSON.stringify(request)}`);
}

function registerOf(meter: Payload): number {
  const [{ sampled_value: [{ value }] }] = meter.values as [{ sampled_value: [{ value: string }] }];
  return Number(value);
}
