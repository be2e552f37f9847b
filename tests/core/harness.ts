// The core with a world in memory around it: events in, everything that peers would see out.

import type {
  BackendConfiguration,
  CoreConfiguration,
  Role,
} from "../../src/core/configuration.ts";
import { backendOf } from "../../src/core/configuration.ts";
import type { Effect } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Write } from "../../src/core/record.ts";
import { createState, nextDeadline, type State, step } from "../../src/core/step.ts";
import { type Frame, parseFrame } from "../../src/ocpp/frame.ts";
import { type JsonObject, type JsonValue, stringifyJson } from "../../src/ocpp/json.ts";
import { Tables } from "../support/tables.ts";

/** The time at which every test begins. */
export const START = Date.UTC(2026, 10, 22, 12, 0, 0);

/** A backend of a role, with whatever differs. */
export function backend(
  id: string,
  role: Role,
  changes: Partial<BackendConfiguration> = {},
): BackendConfiguration {
  return backendOf(id, role, { minHoldMs: 0, ...changes });
}

/** The defaults, with whatever differs. */
export function configuration(
  changes: Partial<Omit<CoreConfiguration, "charger">> & {
    charger?: Partial<CoreConfiguration["charger"]>;
  } = {},
): CoreConfiguration {
  return {
    backends: [],
    allowUnknownBackends: false,
    allowSharedCharging: true,
    allowedProviders: [],
    blockedProviders: [],
    timeZone: "Europe/Brussels",
    currency: "EUR",
    rules: [],
    facts: [],
    factMaxAgeMs: 900_000,
    tariffs: [],
    household: {},
    rateLimitMs: 0,
    controlTimeoutMs: 60_000,
    reconnectGraceMs: 120_000,
    idTags: [],
    unknownIdTags: "accept",
    dataTransfer: new Map(),
    startSpacingMs: 1_100,
    ...changes,
    charger: {
      heartbeatIntervalS: 300,
      answerDeadlineMs: 2_500,
      callTimeoutMs: 30_000,
      lostStopAfterMs: 60_000,
      fallbackCurrentA: 6,
      limitSpacingMs: 0,
      phases: 3,
      voltageV: 230,
      ...changes.charger,
    },
  };
}

/** What one peer got: frames for OCPP, messages for JSON. */
export interface Received {
  readonly at: number;
  readonly text: string;
}

/** Thrown by `event` when the process dies between two effects. */
export class Crash extends Error {}

/** The core, its tables and what its peers have received. */
export class Harness {
  now = START;
  tables = new Tables();
  state: State;
  readonly charger: Received[] = [];
  readonly backends = new Map<string, Received[]>();
  /** Effects other than sending, storing and logging, in order. */
  readonly others: Effect[] = [];
  readonly logged: (Effect & { type: "log" })[] = [];
  /** What whoever follows for the owner is told. */
  readonly published: (Effect & { type: "publish" | "publish_entry" })[] = [];
  /** While true, `store` effects fail as on a full disk. */
  diskFull = false;
  /** Effects that are still performed before the process dies. */
  effectsLeft = Infinity;
  /** While true, notes reach the tables with the next commit, or half a second later. */
  lazyNotes = false;
  /** Writes that wait for the disk. */
  readonly #waiting: Write[] = [];
  #connection = 0;
  #chargerConnection = 0;
  readonly #backendConnections = new Map<string, number>();

  /** `known`: the charger has been asked for its configuration before. */
  constructor(public core: CoreConfiguration = configuration(), known = true) {
    if (!known) this.tables.facts.delete("charger_configuration");
    this.state = createState(core, this.tables.snapshot(), this.now);
    this.event({ type: "started" });
  }

  /** One event; `stored` and `log_page` are answered as the shell would. */
  event(event: Event): void {
    for (const effect of step(this.state, event, this.now)) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    if (this.effectsLeft-- <= 0) throw new Crash();
    switch (effect.type) {
      case "send_charger":
        this.charger.push({ at: this.now, text: effect.text });
        break;
      case "send_backend":
        this.received(effect.backendId).push({ at: this.now, text: effect.text });
        break;
      case "store": {
        if (!this.diskFull) {
          this.flush();
          for (const write of effect.writes) this.tables.apply(write);
        }
        this.event({
          type: "stored",
          token: effect.token,
          ...this.diskFull && { failure: "the disk is full" },
        });
        break;
      }
      case "persist":
        this.#waiting.push(...effect.writes);
        this.flush();
        break;
      case "note":
        this.#waiting.push(effect.write);
        if (!this.lazyNotes) this.flush();
        break;
      case "read_log": {
        const { backendId, after, limit } = effect;
        const entries = this.tables.log.filter((entry) => entry.sequence > after).slice(0, limit);
        this.event({ type: "log_page", backendId, after, entries });
        break;
      }
      case "log":
        this.logged.push(effect);
        break;
      case "publish":
      case "publish_entry":
        this.published.push(effect);
        break;
      default:
        this.others.push(effect);
    }
  }

  /** What waits for the disk is written, if that is possible. */
  flush(): void {
    if (this.diskFull) return;
    for (const write of this.#waiting.splice(0)) this.tables.apply(write);
  }

  /** kill -9: what waits for the disk is lost. */
  crash(): void {
    this.#waiting.length = 0;
    this.effectsLeft = Infinity;
    this.restart();
  }

  /** Everything a backend has received. */
  received(backendId: string): Received[] {
    let list = this.backends.get(backendId);
    if (!list) this.backends.set(backendId, list = []);
    return list;
  }

  /** Lets time pass, waking the core at each of its deadlines. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let turns = 0;; turns++) {
      if (turns > 10_000) throw new Error("the core asks to be woken without end");
      const at = Math.max(nextDeadline(this.state), this.now);
      if (at > end) break;
      this.now = at;
      this.event({ type: "tick" });
    }
    this.now = end;
    if (ms >= 500) this.flush();
  }

  /** An end and a new start: only the tables survive. Everybody has to connect again. */
  restart(): void {
    this.flush();
    this.tables.facts.set("run", Number(this.tables.facts.get("run")) + 1);
    this.state = createState(this.core, this.tables.snapshot(), this.now);
    this.event({ type: "started" });
  }

  /** The charger connects; its connection number. */
  connectCharger(chargePointId = "CP001"): number {
    this.#chargerConnection = ++this.#connection;
    this.event({
      type: "charger_connected",
      connection: this.#chargerConnection,
      chargePointId,
      remoteAddress: "192.0.2.10",
    });
    return this.#chargerConnection;
  }

  disconnectCharger(): void {
    this.event({
      type: "charger_disconnected",
      connection: this.#chargerConnection,
      reason: "test",
    });
  }

  /** A raw text of the charger. */
  chargerSays(text: string, connection = this.#chargerConnection): void {
    this.event({ type: "charger_frame", connection, text });
  }

  /** A CALL of the charger; its answer, or undefined while it waits. */
  chargerCalls(
    action: string,
    payload: JsonObject,
    id = `c${++this.#connection}`,
  ): Frame | undefined {
    const before = this.charger.length;
    this.chargerSays(stringifyJson([2, id, action, payload]));
    return this.charger.slice(before).map(({ text }) => parseFrame(text))
      .find((frame) => (frame.type === "result" || frame.type === "error") && frame.id === id);
  }

  /** The charger answers the newest CALL of the proxy. */
  chargerAnswers(payload: JsonObject): void {
    this.chargerSays(stringifyJson([3, this.lastCallToCharger().id, payload]));
  }

  /** The newest CALL that the charger has received. */
  lastCallToCharger(): Frame & { type: "call" } {
    const call = callsIn(this.charger).at(-1);
    if (!call) throw new Error("the charger has received no CALL");
    return call;
  }

  callsToCharger(action?: string): (Frame & { type: "call" })[] {
    return callsIn(this.charger).filter((call) => action === undefined || call.action === action);
  }

  /** Connects, boots and settles the charger, connectors Available. */
  bootCharger(connectors = 1): void {
    this.connectCharger();
    this.chargerCalls("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
    for (let connectorId = 0; connectorId <= connectors; connectorId++) {
      this.chargerCalls("StatusNotification", {
        connectorId,
        errorCode: "NoError",
        status: "Available",
      });
    }
    this.pass(500);
  }

  /** A backend's socket opens. */
  connectBackend(backendId: string, protocol: "ocpp1.6" | "json" = "ocpp1.6"): number {
    const connection = ++this.#connection;
    this.#backendConnections.set(backendId, connection);
    this.event({
      type: "backend_connected",
      backendId,
      connection,
      protocol,
      remoteAddress: "192.0.2.20",
    });
    return connection;
  }

  disconnectBackend(backendId: string): void {
    this.event({
      type: "backend_disconnected",
      backendId,
      connection: this.#backendConnections.get(backendId) ?? 0,
      reason: "test",
      random: 0.5,
    });
  }

  backendSays(backendId: string, text: string): void {
    const connection = this.#backendConnections.get(backendId) ?? 0;
    this.event({ type: "backend_frame", backendId, connection, text });
  }

  /** A CALL of an OCPP backend; its answer, or undefined while it waits. */
  backendCalls(
    backendId: string,
    action: string,
    payload: JsonObject,
    id = `b${++this.#connection}`,
  ): Frame | undefined {
    this.backendSays(backendId, stringifyJson([2, id, action, payload]));
    return this.answerTo(backendId, id);
  }

  /** The answer that a backend has got to its CALL. */
  answerTo(backendId: string, id: string | number): Frame | undefined {
    return this.received(backendId).map(({ text }) => parseFrame(text))
      .find((frame) => (frame.type === "result" || frame.type === "error") && frame.id === id);
  }

  /** Every answer that a backend has got to its CALL. */
  answersTo(backendId: string, id: string | number): Frame[] {
    return this.received(backendId).map(({ text }) => parseFrame(text))
      .filter((frame) => (frame.type === "result" || frame.type === "error") && frame.id === id);
  }

  /** The CALLs that a backend has received. */
  callsToBackend(backendId: string, action?: string): (Frame & { type: "call" })[] {
    return callsIn(this.received(backendId))
      .filter((call) => action === undefined || call.action === action);
  }

  /** The outstanding CALL to a backend. */
  outstanding(backendId: string): (Frame & { type: "call" }) | undefined {
    const id = this.state.backends.get(backendId)?.pending?.id;
    const begin = `[2,${JSON.stringify(id ?? "")},`;
    const received = this.received(backendId).findLast(({ text }) => text.startsWith(begin));
    return received && callsIn([received])[0];
  }

  /** A backend answers its outstanding CALL. */
  backendAnswers(backendId: string, payload: JsonValue): void {
    const call = this.outstanding(backendId);
    if (!call) throw new Error(`${backendId} has no outstanding CALL`);
    this.backendSays(backendId, stringifyJson([3, call.id, payload]));
  }

  /**
   * A backend answers everything as a friendly central system does, until nothing is outstanding.
   * Transaction ids come from `nextId`.
   */
  serve(backendId: string, nextId: () => JsonValue = () => 700 + this.#connection++): void {
    for (let call = this.outstanding(backendId); call; call = this.outstanding(backendId)) {
      this.backendAnswers(backendId, friendlyAnswer(call.action, this.now, nextId));
    }
  }

  /** Connects an OCPP backend and lets it accept everything so far. */
  attach(backendId: string, nextId?: () => JsonValue): void {
    this.connectBackend(backendId);
    this.serve(backendId, nextId);
  }
}

function callsIn(received: readonly Received[]): (Frame & { type: "call" })[] {
  return received.map(({ text }) => parseFrame(text)).filter((frame) => frame.type === "call");
}

/** What a friendly central system answers. */
export function friendlyAnswer(
  action: string,
  now: number,
  nextId: () => JsonValue,
): JsonObject {
  switch (action) {
    case "BootNotification":
      return { status: "Accepted", currentTime: new Date(now).toISOString(), interval: 3600 };
    case "Heartbeat":
      return { currentTime: new Date(now).toISOString() };
    case "Authorize":
      return { idTagInfo: { status: "Accepted" } };
    case "StartTransaction":
      return { transactionId: nextId(), idTagInfo: { status: "Accepted" } };
    case "DataTransfer":
      return { status: "Accepted" };
    default:
      return {};
  }
}
