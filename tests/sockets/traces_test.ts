// What real chargers were recorded to send, played in order over a real socket.

import assert from "node:assert/strict";
import { checkConfirmation } from "../../src/ocpp/validate.ts";
import type { Action } from "../../src/ocpp/types.ts";
import { isJsonObject, parseJson, stringifyJson } from "../../src/ocpp/json.ts";
import { type StrictClient, strictDialInBackend } from "../support/strict_charger.ts";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { RawPeer } from "./raw_peer.ts";
import { Stage } from "./stage.ts";

const CORPORA = new URL("../corpora/", import.meta.url);

/** One CALL of a charger. */
interface Call {
  readonly id: string;
  readonly action: Action;
  readonly text: string;
}

function chargerCalls(file: string): { chargePointId: string; calls: Call[] } {
  const lines = Deno.readTextFileSync(new URL(file, CORPORA)).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  const calls = lines
    .filter((line) => line.direction === "cp-to-csms" && line.messageType === "CALL")
    .map(({ messageId: id, action, payload, raw }) => ({
      id,
      action,
      text: raw ?? JSON.stringify([2, id, action, payload]),
    }));
  return { chargePointId: lines[0].chargePointId, calls };
}

/** The proxy gives ids of its own: the recorded ones are replaced by those that it answered. */
function withTransactionId(text: string, ids: ReadonlyMap<string, number>): string {
  const frame = parseJson(text);
  if (!Array.isArray(frame) || !isJsonObject(frame[3] ?? null)) return text;
  const payload = frame[3] as Payload;
  const known = ids.get(String(payload.transactionId));
  if (known === undefined) return text;
  return stringifyJson([...frame.slice(0, 3), { ...frame[3] as object, transactionId: known }]);
}

/** The ids that the recorded central system gave, in the order of the starts. */
function recordedIds(file: string): string[] {
  const text = Deno.readTextFileSync(new URL(file, CORPORA));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ action, messageType }) =>
      action === "StartTransaction" && messageType === "CALLRESULT"
    )
    .map(({ payload }) => String(payload.transactionId));
}

const FILES = ["recorded", "traces"].flatMap((folder) =>
  [...Deno.readDirSync(new URL(`${folder}/`, CORPORA))].map(({ name }) => `${folder}/${name}`)
    .sort()
);

for (const file of FILES) {
  Deno.test(`${file}: every CALL is answered validly, a strict backend sees whole transactions`, async () => {
    const { chargePointId, calls } = chargerCalls(file);
    assert.ok(calls.length > 0);
    await using stage = await Stage.open(
      "start_spacing_ms: 0\nbackends: [{ id: strict, token: s, role: biller }]",
    );
    const backend = await strictDialInBackend(stage.backendUrl, "strict", "s");
    const charger = await RawPeer.connect(`${stage.chargerUrl}/${chargePointId}`);
    const ids = new Map<string, number>();
    const recorded = recordedIds(file);
    try {
      for (const { id, action, text } of calls) {
        const answer = await charger.ask(withTransactionId(text, ids), id);
        assert.equal(answer[0], 3, `${text} → ${JSON.stringify(answer)}`);
        const payload = answer[2] as Payload;
        const checked = checkConfirmation(action, parseJson(JSON.stringify(payload)) as never);
        assert.ok(checked.ok, JSON.stringify(answer));
        if (action === "StartTransaction") {
          const given = recorded.shift();
          if (given !== undefined) ids.set(given, Number(payload.transactionId));
        }
      }
      assert.equal(charger.closed, undefined);
      await until(() => backend.received.length > 0, 5_000, "the backend to be told");
      await until(() => stage.backend("strict").backlog === 0, 5_000, "everything to be delivered");
      assertConsistent(backend, calls);
    } finally {
      await Promise.all([charger.close(), backend.close()]);
    }
    assert.deepEqual(backend.violations, []);
    assert.deepEqual(stage.complaints(), []);
  });
}

/** Each transaction begins once, ends at most once, and is known by the backend's own id between. */
function assertConsistent(backend: StrictClient, calls: readonly Call[]): void {
  const count = (action: string) => calls.filter((call) => call.action === action).length;
  assert.ok(backend.payloads("StartTransaction").length <= count("StartTransaction"));
  if (count("StartTransaction") > 0) assert.ok(backend.payloads("StartTransaction").length > 0);
  let started = 0;
  const stopped = new Set<number>();
  for (const { action, payload } of backend.received) {
    if (action === "StartTransaction") started++;
    if (payload.transactionId === undefined) continue;
    const transactionId = Number(payload.transactionId);
    assert.ok(transactionId >= 1 && transactionId <= started, `${action} of ${transactionId}`);
    assert.ok(!stopped.has(transactionId), `${action} after the end of ${transactionId}`);
    if (action === "StopTransaction") stopped.add(transactionId);
  }
  assert.equal(stopped.size, Math.min(count("StopTransaction"), started));
}
