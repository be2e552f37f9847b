// Recordings played once more: the same, with other rules, cut off, and with stand-ins for tags.

import { deepEqual, equal, match, notEqual, ok, throws } from "node:assert/strict";
import type { CoreConfiguration } from "../../src/core/configuration.ts";
import type { Scrub } from "../../src/recording/known_tag.ts";
import { pseudonyms } from "../../src/recording/pseudonym.ts";
import { eventLine, headerLine } from "../../src/recording/recording_format.ts";
import { parseEvent, parseHeader } from "../../src/recording/recording_parser.ts";
import { scrubEvent, scrubValue } from "../../src/recording/scrub.ts";
import { scrubText } from "../../src/recording/scrub_text.ts";
import type { Scene } from "../../src/replay/engine.ts";
import type { BrokenLine } from "../../src/replay/recording_reader.ts";
import { backend, configuration, START } from "../core/harness.ts";
import { expected, Recorded, shown } from "./fixture.ts";

const TAG = "04A2B3C4D5";

function household(changes: Partial<CoreConfiguration> = {}): CoreConfiguration {
  return configuration({
    backends: [backend("employer", "biller"), backend("evcc", "controller")],
    startSpacingMs: 0,
    ...changes,
  });
}

/** A session that evcc starts by command, and ends. */
function session(core = household()): Recorded {
  const recorded = new Recorded(core);
  recorded.connectCharger();
  recorded.connectBackend("employer", 2, "ocpp1.6");
  recorded.connectBackend("evcc", 3, "ocpp1.6");
  recorded.settle();
  const start = `[2,"go","RemoteStartTransaction",{"connectorId":1,"idTag":"${TAG}"}]`;
  recorded.tell({ type: "backend_frame", backendId: "evcc", connection: 3, text: start });
  recorded.settle();
  const timestamp = new Date(recorded.now).toISOString();
  const { transactionId = -1 } = recorded.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: TAG,
    meterStart: 0,
    timestamp,
  });
  recorded.settle();
  recorded.pass(60_000);
  recorded.chargerCalls("MeterValues", {
    connectorId: 1,
    transactionId,
    meterValue: [{ timestamp, sampledValue: [{ value: "500" }] }],
  });
  recorded.chargerCalls("StopTransaction", { transactionId, meterStop: 1_000, timestamp });
  recorded.settle();
  return recorded;
}

Deno.test("a recording shows the same frames and decisions once more", () => {
  const { text, scenes } = session();
  ok(expected(scenes).length > 15);
  deepEqual(expected(shown(text)), expected(scenes));
});

Deno.test("a recording that was cut off in its last line ends before it", () => {
  const { text, scenes } = session();
  const all = expected(scenes);
  const found = expected(shown(text.slice(0, -20)));
  ok(found.length > 0 && found.length <= all.length);
  deepEqual(found, all.slice(0, found.length));
});

Deno.test("a line in the middle that cannot be read is an error with its number", () => {
  const lines = session().text.split("\n");
  lines[3] = lines[3]!.slice(5);
  throws(() => shown(lines.join("\n")), (error: BrokenLine) => error.line === 4);
});

Deno.test("a recording of a later version is refused", () => {
  const { text } = session();
  throws(() => shown(text.replace('"version":1', '"version":2')), /needs a newer ocpp-proxy/);
});

Deno.test("with the same configuration given, the same is decided and sent", () => {
  const { text, scenes } = session();
  const frames = (list: readonly Scene[]) =>
    list.flatMap((scene) => scene.type === "sent" ? [scene.text] : []).sort();
  deepEqual(frames(shown(text, household())), frames(scenes));
});

Deno.test("with a rule more, it is refused, and its reason names the rule", () => {
  const rule = {
    name: "not evcc",
    backends: ["evcc"],
    then: "deny",
    askTimeoutMs: 1_000,
    default: "deny",
    onUnknown: "deny",
  } as const;
  const scenes = shown(session().text, household({ rules: [rule] }));
  const decisions = scenes.flatMap((scene) => scene.type === "decision" ? [scene.decision] : []);
  const denied = decisions.find(({ outcome }) => outcome === "denied");
  match(denied?.reason ?? "", /not evcc/);
  ok(
    !scenes.some((scene) =>
      scene.type === "sent" && scene.backendId === undefined &&
      scene.text.includes("RemoteStartTransaction")
    ),
  );
  // What the charger did all the same is booked all the same.
  ok(scenes.some((scene) =>
    scene.type === "sent" && scene.backendId === "employer" &&
    scene.text.includes("StopTransaction")
  ));
});

Deno.test("a CALL that was not recorded gets a stand-in's answer", () => {
  const capped = household();
  const scenes = shown(session().text, {
    ...capped,
    charger: { ...capped.charger, maxCurrentA: 16 },
  });
  const profile = scenes.findIndex((scene) =>
    scene.type === "sent" && scene.text.includes("SetChargingProfile")
  );
  ok(profile >= 0);
  const sent = scenes[profile] as Scene & { type: "sent" };
  const id = JSON.parse(sent.text)[1];
  ok(
    scenes.slice(profile).some((scene) =>
      scene.type === "received" && scene.text === `[3,"${id}",{"status":"Accepted"}]`
    ),
  );
});

Deno.test("a recording with stand-ins shows the same with stand-ins", () => {
  const { text, scenes } = session();
  const scrub: Scrub = { pseudonym: pseudonyms("d".repeat(64)), known: new Set() };
  const [first = "", ...lines] = text.trimEnd().split("\n");
  const header = parseHeader(first)!;
  const hidden = headerLine({
    ...header,
    configuration: scrubValue(scrub, header.configuration),
    snapshot: scrubValue(scrub, header.snapshot),
  }) + lines.map((line) => {
    const { at, event } = parseEvent(line);
    return eventLine(at, scrubEvent(scrub, event));
  }).join("");
  ok(!hidden.includes(TAG));
  const sent = (list: readonly Scene[]) =>
    list.flatMap((scene) => scene.type === "sent" ? [scene.text] : []);
  deepEqual(sent(shown(hidden)), sent(scenes).map((frame) => scrubText(scrub, frame)));
  notEqual(sent(scenes).join(""), sent(shown(hidden)).join(""));
});

Deno.test("a recording that goes on from another one knows its connections", () => {
  const recorded = new Recorded(household());
  recorded.connectCharger();
  recorded.connectBackend("evcc", 3, "ocpp1.6");
  recorded.settle();
  const header = parseHeader(recorded.text.split("\n", 1)[0]!)!;
  const rotated = headerLine({
    ...header,
    at: recorded.now,
    program: VERSION,
    state: structuredState(recorded),
  });
  const before = recorded.scenes.length;
  recorded.text = rotated;
  recorded.now += 1_000;
  recorded.chargerCalls("Heartbeat", {});
  recorded.chargerCalls("StartTransaction", {
    connectorId: 1,
    idTag: TAG,
    meterStart: 0,
    timestamp: new Date(START).toISOString(),
  });
  recorded.settle();
  const found = expected(recorded.scenes.slice(before));
  ok(found.length >= 3);
  deepEqual(expected(shown(recorded.text)), found);
  equal(expected(shown(recorded.text, household())).length, found.length);
});

const VERSION: string =
  JSON.parse(Deno.readTextFileSync(new URL("../../deno.json", import.meta.url)))
    .version;

/** As it was at this moment: the core goes on with the original. */
function structuredState({ state }: Recorded): Recorded["state"] {
  const { rules, ...rest } = state;
  return { ...structuredClone(rest), rules };
}
