// Frames with the defects of real equipment, each in a session of its own.

import { RawPeer } from "../../tests/sockets/raw_peer.ts";
import { Stage } from "../../tests/sockets/stage.ts";
import { until } from "../../tests/support/until.ts";

interface Quirk {
  readonly name: string;
  readonly from: "charger" | "backend";
  readonly raw?: string;
  readonly raws?: readonly string[];
}

const QUIRKS: readonly Quirk[] = Deno
  .readTextFileSync(new URL("../../tests/corpora/quirks/quirks.jsonl", import.meta.url))
  .trimEnd().split("\n").map((line) => JSON.parse(line));

const CONFIGURATION = `
time_zone: Europe/Brussels
charger: { id: CP1 }
start_spacing_ms: 0
rate_limit_seconds: 0
backends:
  - { id: biller, token: b, role: biller }
  - { id: admin, token: a, role: admin }
`;

/** For a backend that never has a usable answer: what it is sent is set aside soon. */
const IMPATIENT = CONFIGURATION.replaceAll(
  "role:",
  "message_attempts: 2, message_retry_interval_s: 1, role:",
);

const BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]';
const START = '[2,"start","StartTransaction",{"connectorId":1,"idTag":"A","meterStart":0,' +
  '"timestamp":"2026-01-01T00:00:00Z"}]';

const ID = /^(\s*\uFEFF?\s*\[\s*\d\s*,\s*)("[^"]*"|\d+)/;

/** What the admin asks, so that the charger's odd answer has a question. */
const QUESTIONS: Readonly<Record<string, string>> = {
  "missing-array-value": '[2,"q","GetConfiguration",{}]',
  "config-value-over-500": '[2,"q","GetConfiguration",{}]',
  "config-value-number": '[2,"q","GetConfiguration",{}]',
  "composite-extra": '[2,"q","GetCompositeSchedule",{"connectorId":1,"duration":60}]',
};

/** Makes the recording of each. */
export const FRAME_CASES: Readonly<Record<string, (file: string) => Promise<void>>> = Object
  .fromEntries(QUIRKS.map((quirk) => [`frame-${quirk.name}`, (file) => record(quirk, file)]));

async function record(quirk: Quirk, file: string): Promise<void> {
  const hopeless = quirk.name === "start-conf-null";
  await using stage = await Stage.open(hopeless ? IMPATIENT : CONFIGURATION, file);
  const biller = await RawPeer.connect(`${stage.backendUrl}/biller`, "b");
  const admin = await RawPeer.connect(`${stage.backendUrl}/admin`, "a");
  const texts = quirk.raws ?? [quirk.raw ?? ""];
  let given = 700;
  for (const backend of [biller, admin]) {
    backend.answers = (action, _payload, id) => {
      if (action === "StartTransaction") {
        if (quirk.from === "backend" && texts[0]!.startsWith("[3")) return withId(texts[0]!, id);
        return `[3,"${id}",{"transactionId":${++given},"idTagInfo":{"status":"Accepted"}}]`;
      }
      return `[3,"${id}",{"status":"Accepted","currentTime":"2026-06-01T12:00:00Z","interval":300}]`;
    };
  }
  const charger = await RawPeer.connect(`${stage.chargerUrl}/CP1`);
  charger.answers = (_action, _payload, id) =>
    QUESTIONS[quirk.name] === undefined
      ? `[3,"${id}",{"status":"Accepted"}]`
      : withId(texts[0]!, id);
  try {
    if (quirk.name !== "status-before-boot") await charger.ask(BOOT, "boot");
    await until(() => stage.proxy.report().backends.length === 2, 2_000, "the backends");
    const question = QUESTIONS[quirk.name];
    if (question !== undefined) {
      await until(() => admin.calls.length > 0, 2_000, "the admin's BootNotification");
      await admin.ask(question, "q");
    } else if (quirk.from === "charger") {
      for (const text of texts) {
        charger.send(text);
        await charger.settle();
      }
    } else {
      await until(() => admin.calls.length > 0, 2_000, "the admin's BootNotification");
      await charger.ask(START, "start");
      for (const text of texts) admin.send(text);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await charger.settle();
    await until(
      () => ["biller", "admin"].every((id) => stage.backend(id).backlog === 0),
      5_000,
      "everything to be delivered",
    );
  } finally {
    await Promise.all([charger.close(), biller.close(), admin.close()]);
  }
}

function withId(text: string, id: string): string {
  return text.replace(ID, (_, before) => before + JSON.stringify(id));
}
