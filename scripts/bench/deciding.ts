// Decides in a process of its own, as the proxy does, and prints how long that takes as JSON.
//
// Argument: how many decisions of each kind.

import { parseConfiguration } from "../../src/config/load.ts";
import { decide } from "../../src/core/arbitration.ts";
import type { ControlRequest } from "../../src/core/objection.ts";
import { emptySnapshot, REMEMBERED_SESSIONS } from "../../src/core/record.ts";
import { createSession } from "../../src/core/session.ts";
import type { Event } from "../../src/core/event.ts";
import { createState, type State, step } from "../../src/core/step.ts";
import { percentile } from "./figures.ts";
import {
  ASKING,
  backends,
  FACTS,
  HOUSE_POWER,
  LAST_RULE,
  LITTLE_POWER,
  MUCH_POWER,
  rules,
} from "./household.ts";

/** A Sunday at noon, in a household that has been charging for four months. */
const NOW = Date.UTC(2026, 10, 22, 12);
const SESSION_SPACING_MS = 3 * 3_600_000;
const WARM_UP = 20_000;

/** What the last rule is told, by what comes of it. */
const KINDS = { matches: MUCH_POWER, "does not match": LITTLE_POWER, "is unknown": undefined };

/** Percentiles of one decision, ms. */
export type Decided = Readonly<Record<keyof typeof KINDS, { p50: number; p99: number }>>;

if (import.meta.main) {
  const entries = Object.entries(KINDS).map(([kind, power]) => {
    const state = household(power);
    verify(state, kind);
    timed(state, WARM_UP);
    return [kind, timed(state, Number(Deno.args[0]))];
  });
  console.log(JSON.stringify(Object.fromEntries(entries)));
}

function timed(state: State, count: number): { p50: number; p99: number } {
  const took = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    const request = requestOf(n);
    const begin = performance.now();
    decide(state, request, NOW + n);
    took[n] = performance.now() - begin;
  }
  took.sort();
  return { p50: percentile(took, 50), p99: percentile(took, 99) };
}

/** The backends take turns with what they may ask for. */
function requestOf(n: number): ControlRequest {
  const backendId = ASKING[n % ASKING.length]!;
  switch (Math.floor(n / ASKING.length) % 3) {
    case 0:
      return {
        backendId,
        action: "request_control",
        permission: undefined,
        connectorId: undefined,
      };
    case 1:
      return { backendId, action: "SetChargingProfile", permission: "limit", connectorId: 1 };
    default: {
      const action = "RemoteStartTransaction";
      return { backendId, action, permission: "start_stop", connectorId: 1, idTag: "04A2B3C4D5" };
    }
  }
}

/** The first backend holds control and charges; four months of sessions are remembered. */
function household(power: string | undefined): State {
  const loaded = parseConfiguration(`${backends()}${rules()}`, undefined, { get: () => undefined });
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join("; "));
  const sessions = Array.from({ length: REMEMBERED_SESSIONS + 1 }, (_, index) => {
    const age = REMEMBERED_SESSIONS - index;
    const startedAt = NOW - 3_600_000 - age * SESSION_SPACING_MS;
    return createSession({
      transactionId: index + 1,
      connectorId: 1,
      idTag: "04A2B3C4D5",
      // The newest one, which is running, is the first backend's.
      backendId: ASKING[age % ASKING.length]!,
      startKey: String(index),
      startedAt,
      stoppedAt: age === 0 ? null : startedAt + 7_200_000,
      energyWh: 7_400,
    });
  });
  const state = createState(
    loaded.configuration.core,
    emptySnapshot({ sessions, lastTransactionId: sessions.length }),
    NOW,
  );
  const remoteAddress = "127.0.0.1";
  const tell = (event: Event) => step(state, event, NOW);
  const say = (text: string) => tell({ type: "charger_frame", connection: 1, text });
  tell({ type: "started" });
  tell({ type: "charger_connected", connection: 1, chargePointId: "BENCH", remoteAddress });
  say('[2,"1","BootNotification",{"chargePointVendor":"Bench","chargePointModel":"One"}]');
  say('[2,"2","StatusNotification",{"connectorId":1,"status":"Charging","errorCode":"NoError"}]');
  for (const [index, backendId] of ASKING.entries()) {
    const connection = 2 + index;
    tell({ type: "backend_connected", backendId, connection, protocol: "json", remoteAddress });
  }
  for (const [name, fact] of Object.entries(FACTS)) tell({ type: "fact", name, ...fact });
  const text = '{"action":"request_control"}';
  tell({ type: "fact", name: HOUSE_POWER, value: MUCH_POWER });
  tell({ type: "backend_frame", backendId: ASKING[0], connection: 2, text });
  if (power === undefined) state.facts.delete(HOUSE_POWER);
  else tell({ type: "fact", name: HOUSE_POWER, value: power });
  return state;
}

/** That it is the last rule which decides: with another one a figure would mean nothing. */
function verify(state: State, kind: string): void {
  const verdict = decide(state, requestOf(0), NOW);
  const rule = "rule" in verdict ? verdict.rule : undefined;
  const expected = kind === "does not match"
    ? verdict.type === "granted" && rule === undefined
    : verdict.type === (kind === "matches" ? "granted" : "denied") && rule === LAST_RULE;
  if (!expected) throw new Error(`the last rule ${kind}, but: ${JSON.stringify(verdict)}`);
}
