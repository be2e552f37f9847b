// Answers with every single defect: whoever waits for one gets a valid one or an error, once.

import assert from "node:assert/strict";
import { parseFrame } from "../../src/ocpp/frame.ts";
import { type JsonObject, stringifyJson } from "../../src/ocpp/json.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { type Defect, defects } from "../ocpp/defect.ts";
import { isPublishedValid } from "../ocpp/oracle.ts";
import { startRequest } from "./charging.ts";
import { type Command, COMMANDS, soleAnswer } from "./command_fixture.ts";
import { backend, configuration, Harness } from "./harness.ts";

/** Longer than a CALL waits, whoever has to be asked. */
const LONGEST_ANSWER_MS = 120_000;

function household(): Harness {
  const h = new Harness(configuration({
    backends: [backend("a", "admin")],
    dataTransfer: new Map([["V", "a"]]),
  }));
  h.bootCharger();
  return h;
}

Deno.test("a charger's confirmation with any defect reaches the backend mended, or as an error", () => {
  let mended = 0;
  let refused = 0;
  for (const command of Object.keys(COMMANDS) as Command[]) {
    for (const { what, payload } of defects(command, "confirmation")) {
      const h = household();
      h.attach("a");
      h.pass(2_000);
      const before = h.callsToCharger(command).length;
      h.backendCalls("a", command, COMMANDS[command][0] as JsonObject, "x");
      const asked = h.callsToCharger(command)[before];
      // A RemoteStopTransaction has nothing to stop here.
      if (asked === undefined) continue;
      h.chargerSays(stringifyJson([3, asked.id, payload]));
      h.pass(LONGEST_ANSWER_MS);
      const answer = soleAnswer(h, "a", "x", command);
      if (typeof answer === "string") refused++;
      else {
        assert.ok(isPublishedValid(command, "confirmation", answer), `${command}: ${what}`);
        mended++;
      }
    }
  }
  console.log(`defects of a charger's confirmations: ${mended} mended, ${refused} refused`);
  assert.ok(mended > 300 && refused > 100);
});

/** What a backend is asked or told, and what the charger says for it. */
const TOLD = {
  Authorize: { idTag: "TAG" },
  DataTransfer: { vendorId: "V" },
  DiagnosticsStatusNotification: { status: "Idle" },
  FirmwareStatusNotification: { status: "Idle" },
  LogStatusNotification: { status: "Idle" },
  SecurityEventNotification: { type: "Tamper", timestamp: "2026-11-22T12:00:00Z" },
  SignCertificate: { csr: "PEM" },
  StartTransaction: startRequest(),
  StatusNotification: { connectorId: 1, errorCode: "NoError", status: "Preparing" },
} as const satisfies Partial<Record<Action, JsonObject>>;

type Told = keyof typeof TOLD;

/** The backend answers one CALL wrongly, once, and everything else as it should. */
function play(action: Told, { what, payload }: Defect): void {
  const which = `${action}: ${what}`;
  const h = household();
  h.attach("a");
  h.pass(2_000);
  h.chargerSays(stringifyJson([2, "x", action, TOLD[action]]));
  const asked = h.outstanding("a");
  assert.equal(asked?.action, action, which);
  h.backendSays("a", stringifyJson([3, asked.id, payload]));
  for (let time = 0; time < 2; time++) {
    h.pass(LONGEST_ANSWER_MS);
    h.serve("a");
  }
  assert.equal(h.outstanding("a"), undefined, which);
  const answers = h.charger.map(({ text }) => parseFrame(text))
    .filter((frame) => (frame.type === "result" || frame.type === "error") && frame.id === "x");
  const [answer] = answers;
  assert.equal(answers.length, 1, which);
  assert.ok(answer?.type === "result", which);
  assert.ok(isPublishedValid(action, "confirmation", answer.payload), which);
}

Deno.test("a backend's confirmation with any defect leaves the charger its one valid answer", () => {
  let count = 0;
  for (const action of Object.keys(TOLD) as Told[]) {
    for (const defect of defects(action, "confirmation")) {
      play(action, defect);
      count++;
    }
  }
  console.log(`${count} defects of a backend's confirmations: the charger was answered each time`);
});

Deno.test("a backend whose answer to the boot has any defect is asked again, and serves then", () => {
  for (const { what, payload } of defects("BootNotification", "confirmation")) {
    const h = household();
    h.connectBackend("a");
    h.backendAnswers("a", payload);
    for (let time = 0; time < 10; time++) {
      h.pass(LONGEST_ANSWER_MS);
      h.serve("a");
    }
    assert.equal(h.state.backends.get("a")?.registration, "accepted", what);
  }
});
