// The charger's side of a recording: what it said, and what it was told in answer.

import { deepEqual, equal, ok } from "node:assert/strict";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { chargerScript, type Cue } from "../../src/replay/charger_script.ts";
import { backend, configuration } from "../core/harness.ts";
import { Recorded, withSource } from "./fixture.ts";

const TAG = "04A2B3C4D5";

function cuesOf(text: string): Cue[] {
  return withSource(text, (source) => [...chargerScript(source)]);
}

Deno.test("every CALL of a recording has the answer that the proxy gave it", () => {
  const recorded = new Recorded(configuration({ backends: [backend("employer", "biller")] }));
  recorded.connectCharger();
  recorded.connectBackend("employer", 2, "ocpp1.6");
  recorded.settle();
  // Answered at once, after the employer was asked, and together with a question to the employer.
  recorded.chargerCalls("Heartbeat", {});
  recorded.chargerCalls("Authorize", { idTag: TAG });
  recorded.settle();
  const timestamp = new Date(recorded.now).toISOString();
  const start = { connectorId: 1, idTag: TAG, meterStart: 0, timestamp };
  recorded.chargerCalls("StartTransaction", start);
  recorded.settle();
  const calls = cuesOf(recorded.text).filter((cue) => cue.type === "call");
  deepEqual(
    calls.map(({ text }) => parseFrame(text)).map((frame) => frame.type === "call" && frame.action),
    ["BootNotification", "Heartbeat", "Authorize", "StartTransaction"],
  );
  for (const { text, answer } of calls) {
    const [call, told] = [parseFrame(text), parseFrame(answer ?? "")];
    ok(told.type === "result" && call.type === "call", text);
    equal(told.id, call.id);
    ok(recorded.scenes.some((scene) => scene.type === "sent" && scene.text === answer));
  }
});

Deno.test("an answer to a broken CALL is not taken for that to a later one of the same id", () => {
  const recorded = new Recorded();
  recorded.connectCharger();
  for (const text of ['[2,"x","Heartbeat"]', '[2,"x","Heartbeat",{}]']) {
    recorded.tell({ type: "charger_frame", connection: 1, text });
  }
  const [call] = cuesOf(recorded.text).filter((cue) => cue.type === "call").slice(-1);
  equal(parseFrame(call?.answer ?? "").type, "result");
});
