// kill -9 in the middle of a session between mobilityhouse's charge point and central system.

import assert from "node:assert/strict";
import { join } from "node:path";
import { query } from "../process/support/ledger.ts";
import { type Program, startProgram } from "../support/program.ts";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { Opened, PYTHON } from "./cast.ts";
import { centralSystemPeer, chargePointPeer, type OcppPeer } from "./ocpp_peer.ts";
import {
  boot,
  energyOf,
  METER_START_WH,
  METER_STOP_WH,
  METER_VALUES_WH,
  nth,
  sampled,
  startPayload,
  stopPayload,
} from "./session.ts";
import { interopTest } from "./toolchain.ts";

interopTest(
  "mobilityhouse repeats over kill -9: one transaction id, an exact session",
  [PYTHON],
  async () => {
    await using opened = new Opened();
    const central = opened.add(await centralSystemPeer(PYTHON, 500, "secret"));
    const program = opened.add(
      await startProgram({
        config: `
charger: { id: CP1 }
start_spacing_ms: 0
backends: [{ id: employer, url: "${central.url}", password: secret, role: biller }]
id_tags: [{ tag: COMPANY, backend: employer }]
`,
      }),
    );
    const charger = opened.add(await chargePointPeer(PYTHON, program.chargerUrl, "CP1"));
    await boot(charger, [central]);

    // Killed while the charger waits for the answer, which depends on the employer's verdict.
    await central.holdStarts(true);
    const request = startPayload("COMPANY");
    const starting = charger.call("StartTransaction", request);
    await nth(central, "StartTransaction");
    await program.kill("SIGKILL");
    const stored = sessions(program).map((session) => session.transaction_id);
    await central.holdStarts(false);
    await program.start();
    const { transactionId } = await starting;
    assert.deepEqual([transactionId], stored);
    assert.ok(calls(charger.sent, "StartTransaction").length > 1, "the charger has repeated it");

    // Killed before, and as, it has something to say.
    const [first, ...later] = METER_VALUES_WH.map((energyWh) => ({
      connectorId: 1,
      transactionId,
      meterValue: sampled(energyWh),
    }));
    await charger.call("MeterValues", first);
    await program.kill("SIGKILL");
    const metering = later.map((payload) => charger.call("MeterValues", payload));
    await program.start();
    await Promise.all(metering);
    const stopping = charger.call("StopTransaction", stopPayload(Number(transactionId), "Local"));
    const sent = () => calls(charger.sent, "StopTransaction").length > 0;
    await until(sent, 5_000, "the end to be sent");
    await program.restart("SIGKILL");
    await stopping;
    // A charger that never got the answer, and still asks for it, gets the same one.
    assert.equal((await charger.call("StartTransaction", request)).transactionId, transactionId);

    await nth(central, "StopTransaction");
    checkTold(central, request);
    assert.equal((await program.kill()).code, 0);
    assert.deepEqual(sessions(program), [{
      transaction_id: transactionId,
      backend_id: "employer",
      meter_start_wh: METER_START_WH,
      meter_stop_wh: METER_STOP_WH,
      energy_wh: METER_STOP_WH - METER_START_WH,
      flags_json: "[]",
    }]);
    assert.deepEqual([...charger.violations, ...central.violations], []);
  },
);

/** Everything at least once, what is new in order, and under no id but the employer's own. */
function checkTold(central: OcppPeer, request: Payload): void {
  const starts = central.payloads("StartTransaction");
  assert.ok(starts.length >= 2, "what was not answered is told again");
  for (const start of starts) assert.deepEqual(start, starts[0]);
  assert.equal(starts[0]!.timestamp, request.timestamp);
  const meters = central.payloads("MeterValues");
  assert.deepEqual([...new Set(meters.map(energyOf))], METER_VALUES_WH);
  const stops = central.payloads("StopTransaction");
  assert.equal(stops[0]!.meterStop, METER_STOP_WH);
  const issued = transactionIds(central);
  for (const { transactionId } of [...meters, ...stops]) assert.ok(issued.has(transactionId));
}

/** Those that the employer has given in its answers. */
function transactionIds({ peer }: OcppPeer): Set<unknown> {
  return new Set(
    peer.frames
      .filter(({ direction }) => direction === "out")
      .map(({ text }) => JSON.parse(text)[2]?.transactionId)
      .filter((id) => id !== undefined),
  );
}

function calls<T extends { readonly action: string }>(from: readonly T[], action: string): T[] {
  return from.filter((one) => one.action === action);
}

function sessions(program: Program): Payload[] {
  return query(
    join(program.dataDir, "ocpp-proxy.db"),
    `SELECT transaction_id, backend_id, meter_start_wh, meter_stop_wh, energy_wh, flags_json
     FROM session ORDER BY transaction_id`,
  ).map((row) => ({ ...row }));
}
