// The running proxy: feeds the core with events, performs its effects, wakes it in time.

import type { Configuration } from "../config/configuration.ts";
import type { Effect } from "../core/effect.ts";
import type { Event, OwnerMode } from "../core/event.ts";
import { factReport } from "../core/fact_report.ts";
import { type StatusReport, statusReport } from "../core/status_report.ts";
import { createState, nextDeadline, type State, step } from "../core/step.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { Beginning } from "../recording/recording_format.ts";
import { Alarm } from "./alarm.ts";
import { apologyFor } from "./apology.ts";
import { type Clock, startClock } from "./clock.ts";
import { Dials } from "./dials.ts";
import { EventFeed } from "./event_feed.ts";
import { countStart } from "./installation.ts";
import { Links } from "./links.ts";
import type { Log } from "./log.ts";
import { LogPages } from "./log_pages.ts";
import { backendHandler, chargerHandler, type PeerListener } from "./peer_handlers.ts";
import { Persistence } from "./persistence.ts";
import type { PruneReport } from "./prune.ts";
import { startPruning } from "./pruning.ts";
import type { Recorder } from "./recorder.ts";
import type { Socket } from "./socket.ts";
import type { Store } from "./store.ts";
import { logDefect } from "./thrown.ts";

/** Where the core keeps the owner's word. */
const CONTROL = "control";

/** What peers are told when the proxy ends. */
const STOPPING = { code: 1001, reason: "the proxy is being stopped" };

/** One charger, its backends, one store. */
export class Proxy {
  readonly #store: Store;
  readonly #persistence: Persistence;
  readonly #logPages: LogPages;
  readonly #links: Links;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #state: State;
  readonly #recorder: Recorder | undefined;
  /** What happens, for whoever follows. */
  readonly feed: EventFeed;
  readonly #events: Event[] = [];
  #configuration: Configuration;
  #running = false;
  #closed = false;
  readonly #peers: PeerListener = {
    dispatch: (event) => this.dispatch(event),
    gone: (connection) => this.#links.remove(connection),
  };
  readonly #alarm: Alarm;
  readonly #dials: Dials;
  readonly #stopPruning: () => void;

  /** Takes over where the store's tables end, and begins the recording. Throws StoreError. */
  constructor(configuration: Configuration, store: Store, log: Log, recorder?: Recorder) {
    this.#configuration = configuration;
    this.#store = store;
    this.#log = log;
    this.#persistence = new Persistence(store, log);
    this.#logPages = new LogPages(store);
    this.#links = new Links(log);
    this.#clock = startClock((byMs) => this.dispatch({ type: "clock_set", byMs }));
    this.#alarm = new Alarm({
      deadline: () => nextDeadline(this.#state),
      now: () => this.#clock.now(),
      due: () => this.dispatch({ type: "tick" }),
    });
    this.#dials = new Dials({
      opened: (socket, backendId) => this.backendOpened(socket, backendId, "ocpp1.6"),
      failed: (backendId, reason, status) =>
        this.dispatch({
          type: "dial_failed",
          backendId,
          reason,
          ...status !== undefined && { status },
          random: Math.random(),
        }),
      defect: (error) => this.#defect("backend", error),
    });
    const run = countStart(store);
    const beginning = {
      at: this.#clock.now(),
      configuration: configuration.core,
      snapshot: store.load(),
    };
    this.#recorder = recorder;
    recorder?.begin(beginning, () => this.#beginning());
    this.#state = createState(configuration.core, beginning.snapshot, beginning.at);
    this.feed = new EventFeed(String(run), () => this.#clock.now());
    this.#stopPruning = startPruning(() => this.#prune(), log);
    this.dispatch({ type: "started" });
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Names this installation; sent along when dialling, so that a loop is seen. */
  get instance(): string {
    return this.#state.instance;
  }

  /** The identity of the charger, configured or remembered. */
  get chargePointId(): string | undefined {
    return this.#state.charger.id;
  }

  /** Whether the database takes writes. */
  get storeFailure(): string | undefined {
    return this.#persistence.failure;
  }

  /** Why the owner's newest word would not survive a restart; undefined: it is on disk. */
  get forgetful(): string | undefined {
    if (!this.#persistence.owes(CONTROL)) return undefined;
    return "the database cannot be written: this counts now, but not after a restart";
  }

  /** Another number than before: what has been summed up of ended sessions may be wrong. */
  get booked(): number {
    return this.#persistence.booked;
  }

  report(): StatusReport {
    return statusReport(this.#state, this.#clock.now());
  }

  now(): number {
    return this.#clock.now();
  }

  /** The facts that the configuration names. */
  facts(): JsonObject[] {
    return factReport(this.#state, this.#clock.now());
  }

  /** What was noted within the last second is in the database too, if it takes writes. */
  flush(): void {
    this.#persistence.flush();
  }

  /** The owner's word: who may control. `until`: epoch milliseconds. */
  setMode(mode: OwnerMode, until?: number): void {
    this.dispatch({ type: "owner", mode, ...until !== undefined && { until } });
  }

  /** The owner's limit for everybody, A per phase; undefined takes it back. */
  setLimit(currentA: number | undefined, until?: number): void {
    this.dispatch({ type: "owner_limit", currentA, ...until !== undefined && { until } });
  }

  /** Whether the owner is being asked this, has been, or never was. */
  questionState(id: number): "open" | "closed" | "unknown" {
    const { questions, lastQuestion } = this.#state.control;
    if (questions.has(id)) return "open";
    return id >= 1 && id <= lastQuestion ? "closed" : "unknown";
  }

  /** The owner's answer to an open question. */
  answerQuestion(requestId: number, allow: boolean): void {
    this.dispatch({ type: "owner_answer", requestId, allow });
  }

  /** A value from outside; null: its source cannot tell it now. */
  learnFact(name: string, value: string | null, attributes?: JsonObject): void {
    this.dispatch({ type: "fact", name, value, ...attributes && { attributes } });
  }

  /** Takes a new configuration over without disturbing what stays. */
  reconfigure(configuration: Configuration): void {
    this.#configuration = configuration;
    this.dispatch({ type: "configured", configuration: configuration.core });
  }

  /** The charger's socket is open. */
  chargerOpened(socket: Socket, chargePointId: string): void {
    if (this.#closed) return tooLate(socket);
    const { connection, remoteAddress } = socket;
    socket.handler = chargerHandler(socket, this.#peers);
    this.#links.add(socket);
    this.dispatch({ type: "charger_connected", connection, chargePointId, remoteAddress });
  }

  /** A backend's socket is open, whoever opened it. */
  backendOpened(socket: Socket, backendId: string, protocol: "ocpp1.6" | "json"): void {
    if (this.#closed) return tooLate(socket);
    const { connection, remoteAddress } = socket;
    socket.handler = backendHandler(socket, backendId, this.#peers);
    this.#links.add(socket);
    this.dispatch({ type: "backend_connected", backendId, connection, protocol, remoteAddress });
  }

  /** Hands an event to the core and performs what comes of it. */
  dispatch(event: Event): void {
    if (this.#closed) return;
    this.#events.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      for (let next = this.#events.shift(); next; next = this.#events.shift()) this.#handle(next);
    } finally {
      this.#running = false;
    }
    this.#recorder?.rotate();
    if (!this.#closed) this.#alarm.arm();
  }

  /**
   * Stops: what is noted is written, peers are told. Resolves when no connection is left; the store
   * is the caller's to close.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#dials.close();
    this.#alarm.stop();
    this.#stopPruning();
    this.#clock.stop();
    this.#persistence.close();
    await Promise.all([
      this.#recorder?.close(),
      this.#links.closeAll(STOPPING.code, STOPPING.reason),
    ]);
  }

  #handle(event: Event): void {
    const now = this.#clock.now();
    this.#recorder?.record(now, event, this.#state.log.lastSequence);
    let effects: Effect[];
    try {
      effects = step(this.#state, event, now);
    } catch (error) {
      this.#defect(event.type, error);
      this.#apologise(event);
      return;
    }
    for (const effect of effects) this.#perform(effect);
  }

  /** A bug: what caused it is told, the process and the charger's socket stay. */
  #defect(event: string, error: unknown): void {
    logDefect(this.#log, error, { event });
  }

  /** A CALL gets its one answer all the same. */
  #apologise(event: Event): void {
    if (event.type !== "charger_frame" && event.type !== "backend_frame") return;
    const text = apologyFor(event.text);
    if (text === undefined) return;
    if (event.type === "charger_frame") this.#links.sendToCharger(event.connection, text);
    else this.#links.sendToBackend(event.backendId, event.connection, text);
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "send_charger":
        return this.#links.sendToCharger(effect.connection, effect.text);
      case "send_backend":
        return this.#links.sendToBackend(effect.backendId, effect.connection, effect.text);
      case "probe_backend":
        return this.#links.ping(effect.connection, String(effect.sequence));
      case "close_charger":
      case "close_backend":
        return this.#links.close(effect.connection, effect.code, effect.reason);
      case "dial":
        return this.#dial(effect.backendId);
      case "store": {
        const failure = this.#persistence.store(effect.writes);
        const { token } = effect;
        return this.#handle({ type: "stored", token, ...failure !== undefined && { failure } });
      }
      case "persist":
        return this.#persistence.persist(effect.writes);
      case "note":
        return this.#persistence.note(effect);
      case "read_log":
        return this.#readLog(effect);
      case "publish":
        return this.feed.publish(effect.event);
      case "publish_entry":
        return this.feed.publishEntry(effect.entry);
      case "log":
        return this.#log(effect.level, effect.message, effect.values);
      default:
        effect satisfies never;
    }
  }

  #readLog({ backendId, after, limit }: Effect & { type: "read_log" }): void {
    let entries;
    try {
      entries = this.#logPages.read(after, limit);
    } catch (error) {
      this.#log("error", "the log cannot be read", { reason: (error as Error).message });
    }
    this.#events.push({ type: "log_page", backendId, after, entries });
  }

  #dial(backendId: string): void {
    const backend = this.#configuration.backends.find(({ id }) => id === backendId);
    if (backend) void this.#dials.dial(backend, this.chargePointId, this.instance);
  }

  /** With which a recording goes on that has become too long for one file. */
  #beginning(): Beginning {
    this.#persistence.flush();
    return {
      at: this.#clock.now(),
      configuration: this.#state.configuration,
      snapshot: this.#store.load(),
      state: this.#state,
    };
  }

  #prune(): PruneReport {
    const ids = [...this.#state.backends.keys()];
    return this.#store.prune(this.#clock.now(), this.#configuration.retention, ids);
  }
}

/** A socket that was opened while the proxy ends. */
function tooLate(socket: Socket): void {
  socket.handler = { message: () => {}, pong: () => {}, closed: () => {} };
  socket.close(STOPPING.code, STOPPING.reason);
}
