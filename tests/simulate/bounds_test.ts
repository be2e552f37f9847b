// The bounds of what the virtual charger keeps, and of what a scenario may be.

import assert from "node:assert/strict";
import { Authorisation, MAX_CACHED_TAGS } from "../../src/simulate/authorisation.ts";
import { ChargerSettings } from "../../src/simulate/charger_settings.ts";
import { Clock } from "../../src/simulate/clock.ts";
import { MAX_SCENARIO_LENGTH, parseScenario } from "../../src/simulate/load_scenario.ts";
import { Peer } from "../../src/simulate/peer.ts";
import { MAX_STEPS } from "../../src/simulate/scenario_schema.ts";
import {
  MAX_QUEUED_MESSAGES,
  type QueuedAction,
  TransactionQueue,
} from "../../src/simulate/transaction_queue.ts";

Deno.test("a full queue loses its oldest meter values, never a start or a stop", async () => {
  const clock = new Clock();
  const sent: string[] = [];
  const queue = new TransactionQueue({
    clock,
    peer: new Peer({ handle: () => "silence" }),
    attempts: () => 1,
    retryIntervalMs: () => 0,
    abandoned: () => {},
    repeated: () => {},
  });
  const add = (action: QueuedAction, name: string) =>
    queue.add({ action, deliver: () => Promise.resolve(void sent.push(name)) });
  add("StartTransaction", "start");
  for (let number = 1; number < MAX_QUEUED_MESSAGES; number++) add("MeterValues", `${number}`);
  assert.equal(queue.length, MAX_QUEUED_MESSAGES);
  add("StopTransaction", "stop");
  assert.equal(queue.length, MAX_QUEUED_MESSAGES);
  queue.online = true;
  while (queue.length > 0) await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual([sent[0], sent[1], sent.at(-1)], ["start", "2", "stop"]);
  clock.stop();
});

Deno.test("the authorisation cache forgets the tag that was heard of longest ago", async () => {
  const authorisation = new Authorisation({
    settings: new ChargerSettings(1),
    now: () => 0,
    ask: () => Promise.resolve(undefined),
  });
  for (let number = 0; number <= MAX_CACHED_TAGS; number++) {
    authorisation.remember(`TAG${number}`, { status: "Accepted" });
  }
  assert.equal((await authorisation.check("TAG0")).status, "Invalid");
  assert.equal((await authorisation.check("tag1")).status, "Accepted");
});

Deno.test("a scenario of too many characters, or steps, is refused in a sentence", () => {
  const sentences = (text: string) => {
    const loaded = parseScenario(text, "long.yaml");
    return loaded.ok ? [] : loaded.problems.map(({ message }) => message);
  };
  const steps = (count: number) =>
    `name: x\nsteps:\n${"  - { after: 1s, say: x }\n".repeat(count)}`;
  assert.deepEqual(sentences(steps(MAX_STEPS)), []);
  assert.match(sentences(steps(MAX_STEPS + 1)).join(), /at most 1000 steps/);
  const comment = `#${"x".repeat(MAX_SCENARIO_LENGTH)}`;
  assert.match(sentences(comment).join(), /longer than 262144 characters/);
});
