// A virtual charger: it connects, boots, charges cars and obeys its central system like a real one.

import { isAction } from "../ocpp/action.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { Action, Messages } from "../ocpp/types.ts";
import { Authorisation } from "./authorisation.ts";
import { presentTag } from "./card_reader.ts";
import { answerCommand } from "./charger_commands.ts";
import { type ChargerOptions, properDial } from "./charger_options.ts";
import { ChargerJobs } from "./charger_jobs.ts";
import { ChargerSettings } from "./charger_settings.ts";
import { ChargingProfiles } from "./charging_profiles.ts";
import { Clock } from "./clock.ts";
import { Connector } from "./connector.ts";
import { CallFailed, Peer, Refusal, type Reply } from "./peer.ts";
import { Presence, type ResetType } from "./presence.ts";
import { Registration } from "./registration.ts";
import type { FinishedSession } from "./transaction.ts";
import { TransactionQueue } from "./transaction_queue.ts";
import { Vehicle } from "./vehicle.ts";
import { QuirkSet } from "./quirk_set.ts";
import { Link } from "./web_socket.ts";

/** Simulated milliseconds between two looks at the connectors, at real time. */
const TICK_MS = 1_000;
/** Wall-clock milliseconds between two looks, at least. */
const MIN_TICK_MS = 20;
/** Sessions that are remembered; the oldest goes first. */
const MAX_SESSIONS = 10_000;

/** One virtual charger; its state lives as long as the object. */
export class VirtualCharger {
  readonly clock: Clock;
  readonly settings: ChargerSettings;
  readonly profiles = new ChargingProfiles();
  readonly authorisation: Authorisation;
  readonly queue: TransactionQueue;
  readonly jobs: ChargerJobs;
  readonly registration: Registration;
  readonly connectors: readonly Connector[];
  readonly sessions: FinishedSession[] = [];
  readonly #options: ChargerOptions;
  readonly #peer: Peer;
  readonly #link: Link;
  readonly #tickMs: number;
  readonly #quirks: QuirkSet;
  readonly #presence: Presence;
  #dialFailure: string | undefined;
  #pinging: ReturnType<typeof setInterval> | undefined;
  #overlapping: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ChargerOptions) {
    const speed = options.speed ?? 1;
    this.#options = options;
    this.#tickMs = Math.max(TICK_MS, MIN_TICK_MS * speed);
    this.#quirks = new QuirkSet(options.quirks ?? [], this);
    this.clock = new Clock(speed, options.startAt);
    this.settings = new ChargerSettings(options.connectors ?? 1);
    const settings = { ...options.settings, ...this.#quirks.settings };
    for (const [key, value] of Object.entries(settings)) {
      const status = this.settings.change(key, value);
      if (status !== "Accepted") throw new RangeError(`setting ${key}=${value}: ${status}`);
    }
    this.#peer = new Peer({
      handle: (action, payload) => this.#answer(action, payload),
      manner: this.#quirks,
      ...(options.callTimeoutMs === undefined ? {} : { callTimeoutMs: options.callTimeoutMs }),
      ...(options.watch ? { watch: options.watch } : {}),
    });
    this.#link = new Link({
      ...properDial(options),
      vary: (dial, attempt) => this.#quirks.dial(dial, attempt),
      opened: (socket) => {
        this.#peer.attach(socket);
        this.report(`connected to ${options.url}`);
        this.#live();
        this.registration.connected();
      },
      closed: (code, reason) => this.#disconnected(`connection closed: ${code} ${reason}`.trim()),
      failed: (reason) => {
        this.#dialFailure = reason;
        this.report(`no connection: ${reason}`);
      },
      ...(options.reconnectMs === undefined ? {} : { reconnectMs: options.reconnectMs }),
    });
    this.authorisation = new Authorisation({
      settings: this.settings,
      now: () => this.clock.now(),
      ask: async (idTag) => (await this.tell("Authorize", { idTag }))?.idTagInfo,
    });
    this.queue = new TransactionQueue({
      clock: this.clock,
      peer: this.#peer,
      attempts: () => this.settings.number("TransactionMessageAttempts"),
      retryIntervalMs: () => this.settings.number("TransactionMessageRetryInterval") * 1_000,
      repeated: ({ action }, reason, waitMs) =>
        this.report(`${action} is repeated in ${Math.round(waitMs / 1_000)} s: ${reason}`),
      abandoned: ({ action }, reason) => this.report(`${action} is given up: ${reason}`),
    });
    this.jobs = new ChargerJobs(this);
    this.#presence = new Presence({
      clock: this.clock,
      connect: () => this.#link.start(),
      disconnect: (code) => this.#link.stop(code),
      stopAll: (reason) => this.#stopAll(reason),
      undelivered: () => this.queue.length,
      leaving: () => this.registration.forget(),
      poweredOff: () => this.#poweredOff(),
    });
    this.registration = new Registration({
      peer: this.#peer,
      clock: this.clock,
      settings: this.settings,
      identity: () => this.jobs.identity,
      states: () => [
        { status: this.jobs.wholeStatus, errorCode: "NoError" },
        ...this.connectors.map(({ status, errorCode }) => ({ status, errorCode })),
      ],
      keepsTime: options.startAt !== undefined,
      keepsHeartbeat: this.#quirks.traits.keepsHeartbeat,
      online: () => this.queue.online = true,
      report: (text) => this.report(text),
    });
    this.connectors = Array.from({ length: options.connectors ?? 1 }, (_, index) => {
      return new Connector(index + 1, {
        clock: this.clock,
        settings: this.settings,
        profiles: this.profiles,
        queue: this.queue,
        verdict: (idTag, info) => this.authorisation.remember(idTag, info),
        statusChanged: ({ id, status }) => {
          this.report(`connector ${id}: ${status}`);
          if (this.registration.accepted) this.registration.tellStatus(id);
        },
        chargingConnectors: () => this.connectors.filter((one) => one.transaction).length,
        report: (text) => this.report(text),
        finished: (session) => {
          this.sessions.push(session);
          if (this.sessions.length > MAX_SESSIONS) this.sessions.shift();
        },
      });
    });
  }

  get connected(): boolean {
    return this.#peer.connected;
  }

  /** Why the latest connection that failed did; undefined: none has failed. */
  get dialFailure(): string | undefined {
    return this.#dialFailure;
  }

  /** The connector with this id; throws RangeError when there is none. */
  connector(id: number): Connector {
    const connector = this.connectors[id - 1];
    if (!connector) throw new RangeError(`no connector ${id}`);
    return connector;
  }

  report(text: string): void {
    this.#options.report?.(text);
  }

  /** Switches the charger on. */
  start(): void {
    const tick = () => {
      for (const connector of this.connectors) connector.advance();
      this.#quirks.tick();
      this.clock.after(this.#tickMs, tick);
    };
    tick();
    this.#link.start();
  }

  /** Switches the charger off for good. */
  async stop(): Promise<void> {
    this.clock.stop();
    clearInterval(this.#pinging);
    clearTimeout(this.#overlapping);
    this.queue.online = false;
    await this.#link.stop();
    this.#peer.detach("switched off");
  }

  /** Loses the network until `goOnline`; charging goes on. */
  goOffline(): Promise<void> {
    return this.#presence.goOffline();
  }

  goOnline(): void {
    this.#presence.goOnline();
  }

  /** Breaks the connection once, without a closing handshake. */
  dropConnection(): void {
    this.#link.drop();
  }

  /** A car arrives at a connector. */
  plugIn(connectorId: number, vehicle: Vehicle = new Vehicle()): void {
    this.connector(connectorId).plugIn(vehicle);
  }

  unplug(connectorId: number): void {
    this.connector(connectorId).unplug();
  }

  /** A person holds a card to the reader: it starts, or stops, charging; false: refused. */
  presentTag(connectorId: number, idTag: string): Promise<boolean> {
    return presentTag(this, connectorId, idTag);
  }

  /** Restarts: Soft ends transactions first, Hard tells of them after the boot. */
  restart(type: ResetType): void {
    this.report(`${type.toLowerCase()} reset`);
    this.#presence.restart(type);
  }

  #stopAll(reason: "SoftReset" | "HardReset"): void {
    for (const connector of this.connectors) connector.stop(reason);
  }

  #poweredOff(): void {
    const { transactionsSurviveRestart, limitsForgottenAtRestart } = this.#quirks.traits;
    if (!transactionsSurviveRestart) this.#stopAll("HardReset");
    if (limitsForgottenAtRestart) this.profiles.clear({});
    for (const connector of this.connectors) connector.reboot();
  }

  /**
   * Sends a message that is not repeated; undefined when there was no answer. Before its boot is
   * accepted a charger sends what it was asked for, and nothing else (OCPP 1.6, section 4.2).
   */
  async tell<A extends Action>(
    action: A,
    payload: Messages[A]["request"],
    asked: "asked" | "unasked" = "unasked",
  ): Promise<Messages[A]["confirmation"] | undefined> {
    const { accepted, status } = this.registration;
    if (!accepted && (asked === "unasked" || status === undefined)) return undefined;
    try {
      return await this.#peer.call(action, payload);
    } catch (error) {
      if (!(error instanceof CallFailed)) throw error;
      this.report(error.message);
      return undefined;
    }
  }

  /** What goes on at a connection beside its messages. */
  #live(): void {
    const { pingEveryMs, overlapAfterMs } = this.#quirks.traits;
    clearInterval(this.#pinging);
    if (pingEveryMs > 0) this.#pinging = setInterval(() => this.#link.ping(), pingEveryMs);
    if (overlapAfterMs === 0 || this.#overlapping !== undefined) return;
    this.#overlapping = setTimeout(() => this.#link.overlap(), overlapAfterMs);
  }

  #disconnected(reason: string): void {
    this.queue.online = false;
    this.registration.disconnected();
    this.#peer.detach(reason);
    this.report(reason);
  }

  #answer(action: string, payload: JsonObject): Reply | "silence" {
    if (this.registration.status === "Rejected") return "silence";
    if (!isAction(action)) throw new Refusal("NotImplemented", `${action} is unknown here`);
    this.report(`asked for ${action}`);
    const obey = (heard: JsonObject) => answerCommand(this, action, heard);
    const reply = this.#quirks.answer(action, payload, obey);
    if (action === "ChangeConfiguration") this.registration.planHeartbeat();
    return reply;
  }
}
