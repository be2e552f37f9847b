// Message ids that are the same on both sides of the proxy, at the same time (N63).

import assert from "node:assert/strict";
import { startProgram } from "../support/program.ts";
import { GO, Opened } from "./cast.ts";
import { centralSystemPeer, chargePointPeer, type OcppPeer } from "./ocpp_peer.ts";
import { boot, nth, startPayload } from "./session.ts";
import { interopTest } from "./toolchain.ts";

const FIRST_TRANSACTION_ID = 500;
/** After so many CALLs the central system has used every id that the charger has. */
const MOST_CALLS = 20;

interopTest("N63: ocpp-go on both sides, one id for two CALLs at once", [GO], async () => {
  await using opened = new Opened();
  const central = opened.add(await centralSystemPeer(GO, FIRST_TRANSACTION_ID));
  const program = opened.add(
    await startProgram({
      config: `
charger: { id: CP1, answer_deadline_ms: 4500 }
backends: [{ id: employer, url: "${central.url}", role: admin }]
id_tags: [{ tag: CARD, backend: employer }]
`,
    }),
  );
  const charger = opened.add(await chargePointPeer(GO, program.chargerUrl, "CP1"));
  await boot(charger, [central]);

  // The charger's CALL waits for the verdict on its card; those of the central system cross it.
  await central.holdStarts(true);
  const starting = charger.call("StartTransaction", startPayload("CARD"));
  await nth(central, "StartTransaction");
  const { id } = charger.sent.at(-1)!;
  const trigger = { requestedMessage: "MeterValues", connectorId: 1 };
  while (!central.sent.some((call) => call.id === id)) {
    assert.ok(central.sent.length < MOST_CALLS, "the two sides use different ids");
    assert.deepEqual(await central.call("TriggerMessage", trigger), { status: "Accepted" });
  }
  assert.equal(charger.payloads("TriggerMessage").length, central.sent.length);
  assert.ok(!isAnswered(charger, id));

  await central.holdStarts(false);
  const started = await starting;
  assert.ok(isAnswered(charger, id));
  assert.deepEqual(started.idTagInfo, { status: "Accepted" });
  assert.notEqual(started.transactionId, FIRST_TRANSACTION_ID);
  assert.deepEqual([...charger.violations, ...central.violations], []);
});

function isAnswered({ peer }: OcppPeer, id: string): boolean {
  return peer.frames
    .filter(({ direction }) => direction === "in")
    .some(({ text }) => {
      const [type, answered] = JSON.parse(text);
      return type !== 2 && answered === id;
    });
}
