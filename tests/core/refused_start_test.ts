// A start that may not charge: what the charger was told of it stays true, whatever dies.

import assert from "node:assert/strict";
import type { Frame } from "../../src/ocpp/frame.ts";
import { configuration, Harness } from "./harness.ts";
import { survive } from "./model.ts";

const CARDS = configuration({ idTags: [{ tag: "NO", action: "deny", owner: false }] });

function statusOf(frame: Frame | undefined): unknown {
  const info = frame?.type === "result" ? frame.payload.idTagInfo : undefined;
  return (info as { status: string } | undefined)?.status;
}

Deno.test("killed at any effect, a charger that was told Blocked is told so again", () => {
  let told = 0;
  for (let left = 0; left < 30; left++) {
    const h = new Harness(CARDS);
    h.bootCharger();
    h.lazyNotes = true;
    const timestamp = new Date(h.now).toISOString();
    const start = { connectorId: 1, idTag: "NO", meterStart: 0, timestamp };
    h.effectsLeft = left;
    let answer: Frame | undefined;
    survive(h, () => answer = h.chargerCalls("StartTransaction", start, "start"), () => {});
    const sent = h.charger.some(({ text }) => text.includes("Blocked"));
    if (sent) told++;
    h.crash();
    h.bootCharger();
    const again = statusOf(h.chargerCalls("StartTransaction", start, "again"));
    if (sent) assert.equal(again, "Blocked", `${left} effects`);
    assert.ok(answer === undefined || statusOf(answer) === "Blocked");
  }
  assert.ok(told > 0);
});
