// Recordings of a proxy with real sockets: files that follow each other, and backends that were away.

import { deepEqual, equal, ok } from "node:assert/strict";
import { join } from "node:path";
import type { Scene } from "../../src/replay/engine.ts";
import { LineReader } from "../../src/replay/line_reader.ts";
import { play, sourceOf } from "../../src/replay/play_file.ts";
import { until } from "../support/until.ts";
import { RawPeer } from "./raw_peer.ts";
import { Stage } from "./stage.ts";

const CONFIGURATION = `
charger: { id: CP1 }
start_spacing_ms: 0
backends:
  - { id: present, token: p, role: admin }
  - { id: away, token: a, role: biller }
`;

/** More than the core keeps in memory for backends that are behind. */
const METER_VALUES = 600;

function friendly(peer: RawPeer): RawPeer {
  let given = 500;
  peer.answers = (action, _payload, id) =>
    action === "StartTransaction"
      ? `[3,"${id}",{"transactionId":${++given},"idTagInfo":{"status":"Accepted"}}]`
      : `[3,"${id}",{"status":"Accepted","currentTime":"2026-06-01T12:00:00Z","interval":300}]`;
  return peer;
}

function meterValues(number: number, transactionId: number): string {
  return `[2,"m${number}","MeterValues",{"connectorId":1,"transactionId":${transactionId},` +
    `"meterValue":[{"timestamp":"2026-01-01T00:00:00Z","sampledValue":[{"value":"${number}"}]}]}]`;
}

/** A long transaction, a backend that comes late, and a limit that everybody may see. */
async function act(stage: Stage): Promise<Readonly<Record<string, RawPeer>>> {
  const present = friendly(await RawPeer.connect(`${stage.backendUrl}/present`, "p"));
  const charger = friendly(await RawPeer.connect(`${stage.chargerUrl}/CP1`));
  await charger.ask(
    '[2,"b","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]',
    "b",
  );
  const start = { connectorId: 1, idTag: "A", meterStart: 0, timestamp: "2026-01-01T00:00:00Z" };
  const answer = await charger.ask(`[2,"s","StartTransaction",${JSON.stringify(start)}]`, "s");
  const { transactionId } = answer[2] as { transactionId: number };
  for (let number = 0; number < METER_VALUES; number++) {
    await charger.ask(meterValues(number, transactionId), `m${number}`);
  }
  const away = friendly(await RawPeer.connect(`${stage.backendUrl}/away`, "a"));
  await until(() => stage.backend("away").backlog === 0, 20_000, "what it missed");
  await present.ask('[2,"c","RemoteStopTransaction",{"transactionId":501}]', "c");
  await charger.ask(
    `[2,"e","StopTransaction",{"transactionId":${transactionId},"meterStop":999,` +
      '"timestamp":"2026-01-01T01:00:00Z"}]',
    "e",
  );
  await until(() => stage.backend("away").backlog === 0, 20_000, "the end");
  return { present, charger, away };
}

function replayed(path: string): Scene[] {
  using lines = new LineReader(path);
  const scenes: Scene[] = [];
  play(sourceOf(lines), undefined, { show: (scene) => scenes.push(scene) });
  return scenes;
}

async function compare(maxBytes: number): Promise<{ files: number; text: string }> {
  const folder = await Deno.makeTempDir();
  const file = join(folder, "r.jsonl");
  let peers: Readonly<Record<string, RawPeer>>;
  {
    await using stage = await Stage.open(CONFIGURATION, { file, maxBytes, keep: 1_000 });
    peers = await act(stage);
    deepEqual(stage.complaints(), []);
  }
  try {
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name)
      .sort((a, b) => Number(b.slice(8)) - Number(a.slice(8)));
    const scenes = names.flatMap((name) => replayed(join(folder, name)));
    for (const [name, peer] of Object.entries(peers)) {
      const backendId = name === "charger" ? undefined : name;
      const sent = scenes.flatMap((scene) =>
        scene.type === "sent" && scene.backendId === backendId ? [JSON.parse(scene.text)] : []
      );
      ok(sent.length > METER_VALUES);
      deepEqual(sent, peer.frames, name);
    }
    equal(scenes.some(({ type }) => type === "defect"), false);
    return { files: names.length, text: Deno.readTextFileSync(file) };
  } finally {
    await Promise.all(Object.values(peers).map((peer) => peer.close()));
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a backend that was away is read from the disk once more, without its pages", async () => {
  const { files, text } = await compare(Infinity);
  equal(files, 1);
  ok(/"type":"log_page","backendId":"away","after":\d+},"kept":\d+/.test(text));
  ok(!text.includes('"entries":[{'), "entries of the log are in the recording");
});

Deno.test("each file goes on where the one before it ended, in the middle of everything", async () => {
  const { files } = await compare(200_000);
  ok(files >= 3, `${files} files`);
});
