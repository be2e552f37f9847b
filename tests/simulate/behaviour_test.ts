// Backends that misbehave by name, at the real proxy: the charger notices nothing of it.

import assert from "node:assert/strict";
import { dialInBackend, listeningBackend } from "../../src/simulate/backend.ts";
import { BEHAVIOUR_NAMES, type BehaviourName } from "../../src/simulate/behaviour.ts";
import { Stage } from "../sockets/stage.ts";
import {
  bootStrictCharger,
  strictCharger,
  strictDialInBackend,
} from "../support/strict_charger.ts";
import { nowText } from "../support/strict_peer.ts";
import { pause, until } from "../support/until.ts";

const CONFIGURATION = `
charger: { id: CP1 }
start_spacing_ms: 0
rate_limit_seconds: 0
backends:
  - { id: odd, token: o, role: biller }
  - { id: good, token: g, role: observer }
`;

for (const behaves of BEHAVIOUR_NAMES) {
  Deno.test(`a backend that behaves ${behaves} disturbs neither charger nor neighbour`, async () => {
    await using stage = await Stage.open(CONFIGURATION);
    const frames: string[] = [];
    const odd = dialInBackend({
      url: stage.backendUrl,
      id: "odd",
      token: "o",
      behaves,
      reconnectMs: 20,
      watch: (direction, text) => void frames.push(`${direction} ${text}`),
    });
    const good = await strictDialInBackend(stage.backendUrl, "good", "g");
    const charger = await strictCharger(stage.chargerUrl, "CP1");
    try {
      await bootStrictCharger(charger);
      await until(() => good.payloads("BootNotification").length > 0, 5_000, "the boot");
      const timestamp = nowText();
      const { transactionId } = await charger.call("StartTransaction", {
        connectorId: 1,
        idTag: "04A2B3C4D5",
        meterStart: 100,
        timestamp,
      });
      await charger.call("StopTransaction", { transactionId, meterStop: 10_100, timestamp });
      await until(() => good.payloads("StopTransaction").length > 0, 5_000, "the neighbour's stop");
      await SHOWN[behaves]?.(odd.system.transactions.length, frames, odd);
      assert.equal(good.payloads("StartTransaction").length, 1);
      assert.ok(charger.connected);
      assert.deepEqual([...charger.violations, ...good.violations], []);
      assert.deepEqual(stage.complaints(), []);
    } finally {
      await Promise.all([charger.close(), good.close(), odd.close()]);
    }
  });
}

type Odd = ReturnType<typeof dialInBackend>;

/** What shows that the backend does behave so. */
const SHOWN: {
  readonly [N in BehaviourName]?: (
    transactions: number,
    frames: readonly string[],
    odd: Odd,
  ) => Promise<void>;
} = {
  good: async (_transactions, _frames, { system }) => {
    await until(() => system.transactions[0]?.meterStopWh === 10_100, 5_000, "the stop");
  },
  silent: async (transactions, frames) => {
    await pause(50);
    assert.equal(transactions, 0);
    assert.ok(!frames.some((text) => text.startsWith("sent [3")));
  },
  failing: async (_transactions, frames) => {
    await sent(frames, /^sent \[4,.*InternalError/);
  },
  pending: async (_transactions, frames) => {
    await sent(frames, /"status":"Pending"/);
  },
  flapping: async (_transactions, frames, odd) => {
    odd.behave("good");
    await until(() => odd.system.transactions.length > 0, 5_000, "the transaction");
    assert.ok(frames.length > 0);
  },
  "wrong-ids": async (_transactions, frames, odd) => {
    odd.behave("wrong-ids");
    await sent(frames, /^sent \[3,"nobody-used"/);
  },
  "odd-transactions": async (_transactions, frames) => {
    await sent(frames, /"transactionId":0/);
  },
  garbage: async (_transactions, frames, { system }) => {
    await sent(frames, /^sent \[2\]$/);
    await until(() => system.transactions[0]?.meterStopWh === 10_100, 5_000, "the stop");
  },
};

async function sent(frames: readonly string[], pattern: RegExp): Promise<void> {
  await until(() => frames.some((text) => pattern.test(text)), 5_000, String(pattern));
}

Deno.test("a flapping backend drops its connection again and again, until it is good", async () => {
  const backend = await listeningBackend({});
  backend.behave("flapping");
  Object.assign(backend.system.behaviour, { dropAfterMs: 50 });
  const charger = await strictCharger(backend.url, "CP1", { reconnect: false });
  try {
    await until(() => !charger.connected, 2_000, "the connection to be dropped");
    backend.behave("good");
    const other = await strictCharger(backend.url, "CP1", { reconnect: false });
    await pause(100);
    assert.ok(other.connected);
    await other.close();
  } finally {
    await backend.close();
  }
});
