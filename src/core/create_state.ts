// The state at the start of a process.

import { createChargerClock } from "./charger_clock.ts";
import type { CoreConfiguration } from "./configuration.ts";
import { createLimits } from "./limit_state.ts";
import { createLogWindow } from "./log_window.ts";
import { restorePrices } from "./price_history.ts";
import type { Snapshot } from "./record.ts";
import { restore } from "./restore.ts";
import { compileRules } from "./rules.ts";
import type { State } from "./state.ts";

/** The state at the start of a process, from what the tables say. */
export function createState(
  configuration: CoreConfiguration,
  snapshot: Snapshot,
  now: number,
): State {
  const state: State = {
    configuration,
    instance: String(snapshot.facts.get("instance") ?? "0"),
    run: Number(snapshot.facts.get("run") ?? 0),
    messageNumber: 0,
    charger: {
      id: configuration.charger.id,
      connection: undefined,
      connectedAt: 0,
      remoteAddress: "",
      booted: false,
      readyAt: 0,
      boot: undefined,
      bootAsked: false,
      connectors: new Map(),
      notices: new Map(),
      orderedBy: new Map(),
      configuration: undefined,
      configurationStale: false,
      configurationAsked: false,
      configurationWaiting: [],
      queue: [],
      pending: undefined,
      served: [],
      clearAt: undefined,
      awaiting: [],
      noted: new Set(),
      heartbeatToldAt: 0,
    },
    chargerClock: createChargerClock(snapshot),
    backends: new Map(),
    absent: new Map(),
    sessions: new Map(),
    sessionsByKey: new Map(),
    open: new Set(),
    startSequences: new Map(snapshot.startSequences),
    lastTransactionId: snapshot.lastTransactionId || firstTransactionId(now) - 1,
    log: createLogWindow(snapshot.lastSequence, snapshot.newestEntries),
    control: {
      mode: { mode: "auto" },
      modeUntil: undefined,
      ownerLimit: undefined,
      lease: undefined,
      claims: [],
      handover: undefined,
      queue: [],
      questions: new Map(),
      lastQuestion: 0,
      answers: [],
      held: [],
      resumed: [],
      recheck: false,
      reviewAt: undefined,
      noHandoverBefore: 0,
    },
    rules: compileRules(configuration.rules),
    facts: new Map(),
    prices: restorePrices(snapshot),
    decisions: [...snapshot.decisions],
    limits: createLimits(),
    reservations: new Map(),
    requests: new Map(),
    lastForeignId: 0,
    authorizedBy: new Map(),
    tagGrants: new Map(),
    refused: new Set(),
    storing: undefined,
    storeToken: 0,
    storeRetryAt: undefined,
  };
  restore(state, snapshot, now);
  return state;
}

/**
 * The first transaction id of a new store: the seconds since 2020.
 *
 * A charger may still hold a transaction from before the store was lost; ids that begin where the
 * clock stands cannot meet it again. Stays within 31 bits until 2088.
 */
function firstTransactionId(now: number): number {
  const seconds = Math.floor((now - Date.UTC(2020, 0, 1)) / 1000);
  return Math.min(Math.max(seconds, 1), 2 ** 31 - 2 ** 20);
}
