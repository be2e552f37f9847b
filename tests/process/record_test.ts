// `serve --record`, killed: the replay shows what was on the wire, and what the database says.

import { deepEqual, doesNotMatch, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { databasePath } from "../../src/io/database.ts";
import { readStoredState } from "../../src/io/stored_state.ts";
import type { Scene } from "../../src/replay/engine.ts";
import { LineReader } from "../../src/replay/line_reader.ts";
import { play, sourceOf } from "../../src/replay/play_file.ts";
import { RawPeer } from "../sockets/raw_peer.ts";
import { startProgram } from "../support/program.ts";
import { pause } from "../support/until.ts";

const TAG = "04A2B3C4D5";
const SECRETS = ["charger-secret", "employer-secret", "script-secret", "api-secret", "key-secret"];

const CONFIG = `
time_zone: Europe/Brussels
charger: { id: CP1, password: charger-secret }
start_spacing_ms: 0
backends:
  - { id: employer, token: employer-secret, role: admin }
  - { id: script, token: script-secret, role: controller }
rules: [{ name: never script, backends: [script], then: deny }]
id_tags: [{ tag: ${TAG}, name: Family car, owner: true }]
api: { tokens: [{ name: x, token: api-secret, scopes: [read] }] }
`;

/** Longer than what is not yet on disk may be old. */
const FLUSHED_MS = 1_300;

interface Wire {
  readonly charger: RawPeer;
  readonly employer: RawPeer;
}

/** A session, a refused command, a secret and a ping of death. */
async function act({ charger, employer }: Wire): Promise<void> {
  await charger.ask(
    '[2,"b","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]',
    "b",
  );
  await charger.ask(`[2,"a","Authorize",{"idTag":"${TAG}"}]`, "a");
  const start = { connectorId: 1, idTag: TAG, meterStart: 0, timestamp: "2026-01-01T00:00:00Z" };
  const answer = await charger.ask(`[2,"s","StartTransaction",${JSON.stringify(start)}]`, "s");
  const { transactionId } = answer[2] as { transactionId: number };
  await charger.ask(
    `[2,"m","MeterValues",{"connectorId":1,"transactionId":${transactionId},` +
      '"meterValue":[{"timestamp":"2026-01-01T00:01:00Z","sampledValue":[{"value":"50"}]}]}]',
    "m",
  );
  await employer.ask('[2,"r","RemoteStopTransaction",{"transactionId":-5}]', "r");
  await employer.ask(
    '[2,"k","ChangeConfiguration",{"key":"AuthorizationKey","value":"key-secret"}]',
    "k",
  );
  charger.send('[2,"x","MeterValues",{"connectorId":1,"meterVal');
  await charger.settle();
  await charger.ask(
    `[2,"e","StopTransaction",{"transactionId":${transactionId},"idTag":"${TAG}",` +
      '"meterStop":100,"timestamp":"2026-01-01T00:02:00Z"}]',
    "e",
  );
}

function replayed(path: string): Scene[] {
  using lines = new LineReader(path);
  const scenes: Scene[] = [];
  play(sourceOf(lines), undefined, { show: (scene) => scenes.push(scene) });
  return scenes;
}

function sentTo(scenes: readonly Scene[], backendId: string | undefined): unknown[] {
  return scenes.flatMap((scene) =>
    scene.type === "sent" && scene.backendId === backendId ? [JSON.parse(scene.text)] : []
  );
}

for (const raw of [true, false]) {
  const tags = raw ? "with its tags" : "with stand-ins for tags";
  Deno.test(`a recording ${tags}, kill -9, and its replay shows what everybody saw`, async () => {
    const folder = await Deno.makeTempDir();
    const file = join(folder, "recording.jsonl");
    const flags = ["--record", file, ...raw ? ["--raw"] : []];
    const program = await startProgram({ config: CONFIG, flags });
    try {
      const employer = await RawPeer.connect(`${program.backendUrl}/employer`, "employer-secret");
      employer.answers = (action, _payload, id) =>
        action === "StartTransaction"
          ? `[3,"${id}",{"transactionId":77,"idTagInfo":{"status":"Accepted"}}]`
          : `[3,"${id}",{"status":"Accepted","currentTime":"2026-06-01T12:00:00Z","interval":300}]`;
      const login = btoa("CP1:charger-secret");
      const charger = await RawPeer.connect(`${program.chargerUrl}/CP1`, undefined, {
        authorization: `Basic ${login}`,
      });
      charger.answers = (_action, _payload, id) => `[3,"${id}",{"status":"Accepted"}]`;
      const script = await RawPeer.connect(`${program.backendUrl}/script`, "script-secret");
      script.answers = employer.answers;
      await act({ charger, employer });
      await script.ask(
        '[2,"go","RemoteStartTransaction",{"connectorId":1,"idTag":"SCRIPT001"}]',
        "go",
      );
      await pause(FLUSHED_MS);
      await program.kill("SIGKILL");

      const text = Deno.readTextFileSync(file);
      for (const secret of SECRETS) ok(!text.includes(secret), `${secret} is in the recording`);
      const scenes = replayed(file);
      const { snapshot } = readStoredState(databasePath(program.dataDir), ["employer", "script"]);
      const decided = scenes.flatMap((scene) => scene.type === "decision" ? [scene.decision] : []);
      ok(decided.length >= 2);
      deepEqual(decided, snapshot.decisions);
      if (raw) {
        deepEqual(sentTo(scenes, undefined), charger.frames);
        deepEqual(sentTo(scenes, "employer"), employer.frames);
        deepEqual(sentTo(scenes, "script"), script.frames);
      } else {
        doesNotMatch(text, /04A2B3C4D5|SCRIPT001/i);
        const key = Deno.readTextFileSync(join(program.dataDir, "recording.key")).trim();
        ok(!text.includes(key));
        const shape = (frames: readonly unknown[]) =>
          frames.map((frame) => JSON.stringify(frame).replace(/"idTag":"[^"]*"/g, '"idTag":""'));
        deepEqual(shape(sentTo(scenes, undefined)), shape(charger.frames));
        deepEqual(shape(sentTo(scenes, "employer")), shape(employer.frames));
        deepEqual(shape(sentTo(scenes, "script")), shape(script.frames));
      }
      equal(Deno.statSync(file).mode! & 0o777, 0o600);
      await Promise.all([charger.close(), employer.close(), script.close()]);
    } finally {
      await program.close();
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("a proxy that cannot record serves all the same, and says so once", async () => {
  const program = await startProgram({ flags: ["--record", "/nowhere/recording.jsonl"] });
  try {
    const charger = await RawPeer.connect(`${program.chargerUrl}/CP1`);
    await charger.settle();
    await charger.settle();
    equal(program.stderr.split("nothing is recorded").length, 2);
    await charger.close();
  } finally {
    await program.close();
  }
});
