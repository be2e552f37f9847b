// The virtual charger at a central system that is not ours: passwords, wss, two connectors, faults.

import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { RPCServer } from "ocpp-rpc";
import { simulate } from "../../src/cli/simulate.ts";
import { VirtualCharger } from "../../src/simulate/charger.ts";
import { quirksNamed } from "../../src/simulate/quirk_list.ts";
import { Vehicle } from "../../src/simulate/vehicle.ts";
import { centralSystemAnswers, strictBackendServer } from "../support/strict_backend.ts";
import { Recorder, STRICT_OPTIONS } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { FLAGS, terminal } from "./terminal.ts";

const TAG = "04A2B3C4D5";
const PASSWORD = "a password of 20 byt";
const CERTIFICATES = new URL("../io/certificates/", import.meta.url);

Deno.test("a charger with two connectors charges two cars at a strict central system", async () => {
  const server = await strictBackendServer({ password: PASSWORD });
  const charger = new VirtualCharger({
    url: `${server.url}/ocpp/16`,
    id: "NL 1234/2",
    password: PASSWORD,
    connectors: 2,
    speed: 600,
  });
  const statuses = (connectorId: number) =>
    server.payloads("StatusNotification")
      .filter((one) => one.connectorId === connectorId).map((one) => one.status);
  try {
    charger.start();
    await until(() => statuses(2).length > 0, 5_000, "the status of connector 2");
    for (const connectorId of [1, 2]) {
      charger.plugIn(connectorId, new Vehicle());
      assert.equal(await charger.presentTag(connectorId, `${TAG}${connectorId}`), true);
    }
    await until(() => charger.connector(2).transaction?.id, 5_000, "the second transaction");
    await until(() => server.payloads("MeterValues").length >= 4, 5_000, "meter values");
    charger.unplug(1);
    charger.connector(2).fail("GroundFailure");
    await until(() => server.payloads("StopTransaction").length === 2, 5_000, "two stops");
    const stops = server.payloads("StopTransaction");
    assert.deepEqual(stops.map(({ transactionId, reason }) => [transactionId, reason]), [
      [1, "EVDisconnected"],
      [2, "Other"],
    ]);
    await until(() => statuses(2).at(-1) === "Faulted", 5_000, "Faulted");
    assert.equal(server.payloads("StatusNotification").at(-1)?.errorCode, "GroundFailure");
    assert.equal(await charger.presentTag(2, TAG), false, "a broken connector starts nothing");
    charger.connector(2).repair();
    await until(() => statuses(2).at(-1) === "Preparing", 5_000, "Preparing");
    assert.deepEqual(server.identities, ["NL 1234/2"]);
    assert.deepEqual(server.violations, []);
  } finally {
    await charger.stop();
    await server.close();
  }
});

Deno.test("quirks that keep to the schemas pass at a strict central system", async () => {
  const server = await strictBackendServer({ password: PASSWORD });
  const charger = new VirtualCharger({
    url: server.url,
    id: "CP1",
    password: PASSWORD,
    quirks: ["origin-file", "pings", "ids-restart", "overlapping-connection"].flatMap(quirksNamed),
    speed: 600,
  });
  try {
    charger.start();
    await until(() => charger.registration.accepted, 5_000, "the charger to be registered");
    assert.deepEqual(server.violations, []);
  } finally {
    await charger.stop();
    await server.close();
  }
});

Deno.test("simulate plays a session over wss, with a certificate of its own choice", async () => {
  const https = createServer({
    cert: Deno.readTextFileSync(new URL("server.pem", CERTIFICATES)),
    key: Deno.readTextFileSync(new URL("server.key", CERTIFICATES)),
  });
  const server = new RPCServer({ ...STRICT_OPTIONS });
  const recorder = new Recorder(centralSystemAnswers());
  server.auth((accept, reject, { password }) => {
    if (password?.toString() === PASSWORD) accept({});
    else reject(401, "Unauthorized");
  });
  server.on("client", (client) => recorder.watch(client));
  https.on("upgrade", server.handleUpgrade);
  await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
  const { port } = https.address() as AddressInfo;
  const context = terminal();
  const url = `wss://localhost:${port}/ocpp`;
  const caFile = new URL("authority.pem", CERTIFICATES).pathname;
  try {
    const flags = { ...FLAGS, url, password: PASSWORD };
    assert.equal(await simulate(flags, context, 500), 1, "without the certificate");
    assert.match(context.errors[0] ?? "", /wss:/);
    assert.equal(await simulate({ ...flags, caFile }, context), 0, context.errors.join("\n"));
    assert.equal(recorder.payloads("StopTransaction").length, 1);
    assert.deepEqual(recorder.violations, []);
  } finally {
    await server.close({ code: 1001, force: true });
    https.closeAllConnections();
    await new Promise((resolve) => https.close(resolve));
  }
});
