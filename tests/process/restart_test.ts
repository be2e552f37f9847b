// The program is stopped and started in the middle of a session: nobody notices in the books.

import assert from "node:assert/strict";
import { JsonBackend } from "../../src/simulate/json_backend.ts";
import { startProgram } from "../support/program.ts";
import { strictBackendServer } from "../support/strict_backend.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { assertKept } from "./faults/outcome.ts";
import { restartInSession } from "./faults/restarts.ts";
import { query } from "./support/ledger.ts";
import { chosenSeed, Random } from "./support/random.ts";

const RESTARTS = 20;

Deno.test(`${RESTARTS} restarts in one session: one row, exact energy, nothing sent twice`, async () => {
  assertKept(await restartInSession({ random: new Random(chosenSeed()), restarts: RESTARTS }));
});

Deno.test("who holds control holds it after a restart, and stops the transaction by its id", async () => {
  const employer = await strictBackendServer({ firstTransactionId: 501 });
  const program = await startProgram({
    config: `
backends:
  - { id: employer, url: "${employer.url}", role: biller }
  - { id: evcc, token: evcc-token, role: controller }
  - { id: utility, token: utility-token, role: controller }
`,
  });
  const charger = await strictCharger(program.chargerUrl, "CP001");
  const [evcc, utility] = ["evcc", "utility"].map((id) =>
    new JsonBackend({ url: program.backendUrl, id, token: `${id}-token`, reconnectMs: 20 })
  ) as [JsonBackend, JsonBackend];
  try {
    await bootStrictCharger(charger);
    evcc.start();
    utility.start();
    await until(() => evcc.connected && utility.connected && employer.connected, 5_000, "backends");
    await evcc.request("RemoteStartTransaction", { id_tag: "EVCC" });
    const { transactionId } = await charger.call("StartTransaction", {
      connectorId: 1,
      idTag: "EVCC",
      meterStart: 1000,
      timestamp: "2026-11-22T12:00:00Z",
    });
    await until(() => employer.payloads("StartTransaction").length === 1, 5_000, "the employer");

    await program.restart("SIGTERM");
    await until(
      () => evcc.connected && utility.connected && charger.connected && employer.connected,
      10_000,
      "everybody to be back",
    );
    // A sign that it is up; before, nothing is asked of a charger that has not booted.
    await charger.call("Heartbeat");
    const status = await evcc.request("status");
    assert.deepEqual(status.control, { held: true, free: false });
    await assert.rejects(
      utility.request("RemoteStopTransaction", { transaction_id: transactionId as number }),
      { code: "control_locked" },
    );
    assert.deepEqual(charger.payloads("RemoteStopTransaction"), []);
    await evcc.request("RemoteStopTransaction", { transaction_id: transactionId as number });
    assert.deepEqual(charger.payloads("RemoteStopTransaction"), [{ transactionId }]);
    await charger.call("StopTransaction", {
      transactionId,
      meterStop: 4500,
      timestamp: "2026-11-22T13:00:00Z",
    });
    await until(() => employer.payloads("StopTransaction").length > 0, 10_000, "the employer");
    assert.equal(employer.payloads("StopTransaction")[0]?.transactionId, 501);
    const second = await charger.call("StartTransaction", {
      connectorId: 1,
      idTag: "EVCC",
      meterStart: 4500,
      timestamp: "2026-11-22T14:00:00Z",
    });
    assert.equal(second.transactionId, Number(transactionId) + 1);
    assert.equal((await program.kill("SIGTERM")).code, 0);
    assert.deepEqual(
      query(
        `${program.dataDir}/ocpp-proxy.db`,
        "SELECT energy_wh, backend_id, booked_by FROM session WHERE stopped_at IS NOT NULL",
      ).map((row) => ({ ...row })),
      [{ energy_wh: 3500, backend_id: "evcc", booked_by: "remote_start" }],
    );
    assert.deepEqual(charger.violations, []);
    assert.deepEqual(employer.violations, []);
  } finally {
    await charger.close();
    await evcc.stop();
    await utility.stop();
    await program.close();
    await employer.close();
  }
});
