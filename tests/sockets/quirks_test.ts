// The defects of real equipment over real sockets: answered as wanted, and never passed on.

import assert from "node:assert/strict";
import { strictDialInBackend } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { type RawAnswer, RawPeer } from "./raw_peer.ts";
import { Stage } from "./stage.ts";

interface Quirk {
  readonly name: string;
  readonly from: "charger" | "backend";
  readonly raw?: string;
  readonly raws?: readonly string[];
  readonly want: string;
}

const QUIRKS: readonly Quirk[] = Deno
  .readTextFileSync(new URL("../corpora/quirks/quirks.jsonl", import.meta.url))
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line));

const CONFIGURATION = `
charger: { id: CP1 }
start_spacing_ms: 0
rate_limit_seconds: 0
backends:
  - { id: strict, token: s, role: biller }
  - { id: raw, token: r, role: admin }
`;

const BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]';

/** Chargers' frames that get no answer. */
const IGNORED = new Set([
  "spaces-in-result",
  "result-null",
  "error-4-elements",
  "error-code-misspelled",
  "error-empty-id",
  "orphan-result",
  "type-9",
]);

/** Chargers' CALLs that get this CALLERROR; every other one gets a CALLRESULT. */
const REFUSED: Readonly<Record<string, string>> = {
  "action-lowercase": "NotImplemented",
  "call-no-payload": "FormationViolation",
  "payload-array": "FormationViolation",
  "truncated-json": "FormationViolation",
};

/** A charger's answers, which need a question: the action, and what the backend is told. */
const CONFIRMATIONS: Readonly<Record<string, [string, (answer: RawAnswer) => void]>> = {
  "missing-array-value": ["GetConfiguration", ([type]) => assert.equal(type, 4)],
  "config-value-over-500": ["GetConfiguration", (answer) => {
    const { configurationKey } = answer[2] as { configurationKey: { value: string }[] };
    const value = configurationKey.find((row) => row.value.startsWith("vvv"))?.value;
    assert.equal(value?.length, 500);
  }],
  "config-value-number": ["GetConfiguration", (answer) => {
    assert.equal(answer[0], 3);
    for (
      const { value } of (answer[2] as { configurationKey: { value: unknown }[] }).configurationKey
    ) {
      assert.equal(typeof value, "string");
    }
  }],
  "composite-extra": ["GetCompositeSchedule", (answer) => {
    assert.equal(answer[0], 3);
    assert.doesNotMatch(JSON.stringify(answer), /-1/);
  }],
};

/** What has to hold beside. */
const BESIDE: Readonly<Record<string, (answers: readonly RawAnswer[]) => void>> = {
  "same-id-resent": sameTransaction,
  "start-resent-new-id": sameTransaction,
  "numeric-id": ([answer]) => assert.equal(answer![1], 17),
  "idtag-21": ([answer]) => assert.deepEqual(answer![2], { idTagInfo: { status: "Invalid" } }),
};

function sameTransaction(answers: readonly RawAnswer[]): void {
  const ids = answers.map((answer) => (answer[2] as { transactionId: number }).transactionId);
  assert.equal(ids.length, 2);
  assert.equal(ids[0], ids[1]);
}

function idOf(raw: string): unknown {
  return /^\s*\uFEFF?\s*\[\s*\d\s*,\s*("[^"]*"|\d+)/.exec(raw)?.[1];
}

for (const quirk of QUIRKS.filter(({ from }) => from === "charger")) {
  Deno.test(`a charger's ${quirk.name}: ${quirk.want}`, async () => {
    await using stage = await Stage.open(CONFIGURATION);
    const strict = await strictDialInBackend(stage.backendUrl, "strict", "s");
    const raw = await RawPeer.connect(`${stage.backendUrl}/raw`, "r");
    raw.answers = (_action, _payload, id) =>
      `[3,"${id}",{"status":"Accepted","currentTime":"2026-06-01T12:00:00Z","interval":300}]`;
    const charger = await RawPeer.connect(`${stage.chargerUrl}/CP1`);
    try {
      if (quirk.name !== "status-before-boot") await charger.ask(BOOT, "boot");
      if (CONFIRMATIONS[quirk.name]) await confirm(quirk, charger, raw);
      else await request(quirk, charger);
      await charger.settle();
      assert.equal(charger.closed, undefined);
      assert.deepEqual(charger.answersTo("").length, 0);
      if (quirk.name !== "status-before-boot") {
        await until(() => strict.received.length > 0, 2_000, "the strict backend to be told");
      }
      await until(() => stage.backend("strict").backlog === 0, 5_000, "everything to be delivered");
      const starts = strict.payloads("StartTransaction").length;
      assert.ok(starts <= 1, `${starts} starts were passed on`);
      const ids = (quirk.raws ?? [quirk.raw!]).map((text) => JSON.parse(String(idOf(text))));
      assert.ok(strict.received.every(({ id }) => !ids.includes(id)), "an id was passed on");
    } finally {
      await Promise.all([charger.close(), strict.close(), raw.close()]);
    }
    assert.deepEqual(strict.violations, []);
    assert.deepEqual(stage.complaints(), []);
  });
}

async function request({ name, raw, raws }: Quirk, charger: RawPeer): Promise<void> {
  const answers: RawAnswer[] = [];
  for (const text of raws ?? [raw!]) {
    if (IGNORED.has(name)) {
      const known = charger.frames.length;
      charger.send(text);
      await charger.settle();
      assert.equal(charger.frames.length, known + 1, "it was answered");
      continue;
    }
    const answer = await charger.ask(text, JSON.parse(String(idOf(text))));
    answers.push(answer);
    if (REFUSED[name] === undefined) assert.equal(answer[0], 3, JSON.stringify(answer));
    else assert.deepEqual([answer[0], answer[2]], [4, REFUSED[name]]);
  }
  BESIDE[name]?.(answers);
}

/** Lets a backend ask, the charger answer in its way, and looks at what the backend gets. */
async function confirm({ name, raw }: Quirk, charger: RawPeer, backend: RawPeer): Promise<void> {
  const [action, expected] = CONFIRMATIONS[name]!;
  charger.answers = (_action, _payload, id) => raw!.replace(String(idOf(raw!)), JSON.stringify(id));
  const payload = action === "GetConfiguration" ? "{}" : '{"connectorId":1,"duration":60}';
  await until(() => backend.calls.length > 0, 2_000, "the backend's BootNotification");
  const begun = performance.now();
  expected(await backend.ask(`[2,"q","${action}",${payload}]`, "q"));
  assert.ok(performance.now() - begun < 2_000, "it waited for a time-out");
}

/** What a backend's CALL is answered with: a CALLRESULT's status, or a CALLERROR's code. */
const COMMANDS: Readonly<Record<string, string>> = {
  "unknown-action-backend": "NotImplemented",
  "cp-action-from-backend": "NotSupported",
  "heartbeat-interval-abc": "Rejected",
  "bad-reset-type": "PropertyConstraintViolation",
  "limit-2-decimals": "PropertyConstraintViolation",
  "remote-stop-minus-1": "Rejected",
};

for (const quirk of QUIRKS.filter(({ from }) => from === "backend")) {
  Deno.test(`a backend's ${quirk.name}: ${quirk.want}`, async () => {
    await using stage = await Stage.open(CONFIGURATION);
    const backend = await RawPeer.connect(`${stage.backendUrl}/raw`, "r");
    const charger = await RawPeer.connect(`${stage.chargerUrl}/CP1`);
    charger.answers = (action, _payload, id) =>
      action === "GetConfiguration"
        ? `[3,"${id}",{"configurationKey":[{"key":"K","readonly":true,"value":"1"}]}]`
        : undefined;
    backend.answers = (action, _payload, id) =>
      action === "StartTransaction"
        ? quirk.raw!.replace(String(idOf(quirk.raw!)), JSON.stringify(id))
        : `[3,"${id}",{"status":"Accepted","currentTime":"2026-06-01T12:00:00Z","interval":300}]`;
    try {
      await charger.ask(BOOT, "boot");
      await until(() => backend.calls.length > 0, 2_000, "the backend's BootNotification");
      if (/^\[3/.test(quirk.raw!)) await startWith(charger, backend);
      else await command(quirk, charger, backend);
      await charger.settle();
      assert.equal(charger.closed, undefined);
      assert.equal(backend.closed, undefined);
    } finally {
      await Promise.all([charger.close(), backend.close()]);
    }
    assert.deepEqual(stage.complaints(), []);
  });
}

async function command(quirk: Quirk, charger: RawPeer, backend: RawPeer): Promise<void> {
  const answer = await backend.ask(quirk.raw!, JSON.parse(String(idOf(quirk.raw!))));
  const expected = COMMANDS[quirk.name];
  if (expected === undefined) {
    assert.equal(answer[0], 3);
    assert.equal(charger.calls.length, 1);
    for (const [, id] of charger.calls) assert.ok(typeof id === "string" && id.length <= 36);
    return;
  }
  const got = answer[0] === 4 ? answer[2] : (answer[2] as { status: string }).status;
  assert.equal(got, expected);
  assert.deepEqual(charger.calls, []);
}

/** Whatever the backend answers to a StartTransaction, the charger gets the proxy's own id. */
async function startWith(charger: RawPeer, backend: RawPeer): Promise<void> {
  const start = { connectorId: 1, idTag: "A", meterStart: 0, timestamp: "2026-06-01T12:00:00Z" };
  const answer = await charger.ask(`[2,"s","StartTransaction",${JSON.stringify(start)}]`, "s");
  const { transactionId, idTagInfo } = answer[2] as {
    transactionId: number;
    idTagInfo: { status: string };
  };
  assert.ok(transactionId > 0 && transactionId < 2 ** 31);
  assert.equal(idTagInfo.status, "Accepted");
  const starts = () => backend.calls.filter((call) => call[2] === "StartTransaction");
  await until(() => starts().length > 0, 2_000, "the start at the backend");
}
