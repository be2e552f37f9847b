// The connection to the MQTT broker: kept for ever, with a will that says when it is gone.

import mqtt from "mqtt";
import type { BrokerConfiguration } from "../config/configuration.ts";
import { type LinkHealth, LinkRecord } from "./link_health.ts";
import type { Log } from "./log.ts";
import { atMost, inTime, pause } from "./pause.ts";
import { errorOf } from "./thrown.ts";

/** How the link waits; tests wait less. */
export interface BrokerTimes {
  /** After a first failure; doubles with each. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** After a name or password that is not accepted: that does not mend itself. */
  readonly refusedMs: number;
  /** Until the supervisor is asked again whether there is a broker. */
  readonly noBrokerMs: number;
}

export const BROKER_TIMES: BrokerTimes = {
  firstWaitMs: 1_000,
  longestWaitMs: 4_000,
  refusedMs: 60_000,
  noBrokerMs: 300_000,
};

/** How long a broker may take to answer, ms; silent for longer, it is gone. */
const ANSWER_MS = 10_000;
const KEEP_ALIVE_S = 20;

/** How long a broker may take to close as well, ms; one that hangs never does. */
const CLOSING_MS = 1_000;

/** The longest packet of a broker, bytes: what was announced before is the longest there is. */
export const MAX_PACKET_BYTES = 1024 * 1024;

/** What may come within a second; a broker that sends more is as good as broken. */
export const MAX_PACKETS_PER_SECOND = 500;

/** A connection that lasted for so long was a good one, ms: the next is tried for at once. */
const STEADY_MS = 30_000;

/** Return codes of CONNACK (MQTT 3.1.1, section 3.2.2.3): bad user name or password, not authorised. */
const REFUSALS: ReadonlySet<number> = new Set([4, 5]);

/** What is published while the broker does not confirm; beyond that, dropped. */
export const MAX_UNCONFIRMED = 8;

/** Who uses the connection. */
export interface BrokerUser {
  /** Which broker; asked before each connection. undefined: there is none. */
  broker(signal: AbortSignal): Promise<BrokerConfiguration | undefined>;
  /** Published by the broker, retained, when the connection is lost. */
  readonly will: { readonly topic: string; readonly payload: string };
  /** What is listened to. */
  readonly subscriptions: readonly string[];
  opened(): Promise<void>;
  /** `retained`: it was said before we listened. */
  message(topic: string, payload: string, retained: boolean): void;
  closed(): void;
}

/** Opens a connection, and opens it again when it is lost. */
export class MqttLink {
  readonly #user: BrokerUser;
  readonly #log: Log;
  readonly #times: BrokerTimes;
  readonly #record: LinkRecord;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #client: mqtt.MqttClient | undefined;
  #unconfirmed = 0;
  /** The supervisor says that there is no broker. */
  withoutBroker = false;

  constructor(user: BrokerUser, log: Log, times = BROKER_TIMES) {
    this.#user = user;
    this.#log = log;
    this.#times = times;
    this.#record = new LinkRecord((reason) =>
      log("warning", "the MQTT broker is away; the proxy goes on without it", { reason })
    );
    this.#ended = this.#run();
  }

  health(): LinkHealth {
    return this.#record.health();
  }

  /** Publishes; resolves to whether the broker has confirmed it. */
  async publish(topic: string, payload: string, retain = true): Promise<boolean> {
    const client = this.#client;
    if (!client?.connected || this.#unconfirmed >= MAX_UNCONFIRMED) return false;
    this.#unconfirmed++;
    try {
      await client.publishAsync(topic, payload, { qos: 1, retain });
      return true;
    } catch {
      // It comes again with the next connection.
      return false;
    } finally {
      if (client === this.#client) this.#unconfirmed--;
    }
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { firstWaitMs, longestWaitMs, refusedMs, noBrokerMs } = this.#times;
    for (let failures = 0; !signal.aborted;) {
      let refused = false;
      let begunAt = Infinity;
      try {
        const broker = await this.#user.broker(signal);
        this.withoutBroker = broker === undefined;
        if (broker === undefined) {
          this.#record.failed("Home Assistant has no broker");
          await pause(noBrokerMs, signal);
          continue;
        }
        await this.#session(broker, () => begunAt = performance.now());
        throw new Error("the connection was lost");
      } catch (error) {
        refused = error instanceof mqtt.ErrorWithReasonCode && REFUSALS.has(error.code);
        if (!signal.aborted) this.#record.failed((error as Error).message || "no answer");
      }
      if (performance.now() - begunAt >= STEADY_MS) failures = 0;
      const ceiling = Math.min(firstWaitMs * 2 ** Math.min(failures++, 20), longestWaitMs);
      await pause(refused ? refusedMs : ceiling / 2 + Math.random() * ceiling / 2, signal);
    }
  }

  /** From connecting to the end of one connection; `began` is called once it serves its user. */
  async #session(broker: BrokerConfiguration, began: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const { will } = this.#user;
    const client = mqtt.connect(broker.url, {
      reconnectPeriod: 0,
      connectTimeout: ANSWER_MS,
      keepalive: KEEP_ALIVE_S,
      clean: true,
      queueQoSZero: false,
      // The other kind is for browsers, and keeps a thread.
      timerVariant: "native",
      will: { topic: will.topic, payload: will.payload, qos: 1, retain: true },
      ...broker.username !== undefined && { username: broker.username },
      ...broker.password !== undefined && { password: broker.password },
      ...broker.caFile !== undefined && { ca: await Deno.readTextFile(broker.caFile) },
    });
    const lost = Promise.withResolvers<void>();
    let fault: Error | undefined;
    const giveUp = (error: Error) => {
      fault ??= error;
      client.stream.destroy();
    };
    guard(client, giveUp);
    client.on("error", giveUp);
    client.on("close", () => lost.resolve());
    client.on("message", (topic, payload, { retain }) => {
      try {
        this.#user.message(topic, payload.toString(), retain);
      } catch (error) {
        giveUp(errorOf(error));
      }
    });
    const connected = new Promise<void>((resolve) => client.on("connect", () => resolve()));
    const stop = () => lost.resolve();
    signal.addEventListener("abort", stop);
    try {
      await Promise.race([connected, lost.promise]);
      if (signal.aborted) return;
      if (!client.connected) throw fault ?? new Error("it cannot be reached");
      this.#client = client;
      this.#unconfirmed = 0;
      await within(client.subscribeAsync([...this.#user.subscriptions], { qos: 1 }), lost.promise);
      await within(this.#user.opened(), lost.promise);
      began();
      this.#record.connected(Date.now());
      this.#log("info", "connected with the MQTT broker", { host: new URL(broker.url).host });
      await lost.promise;
      if (fault !== undefined && !signal.aborted) throw fault;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#client = undefined;
      this.#user.closed();
      await end(client, this.#unconfirmed > 0);
    }
  }
}

/** The library has no bounds of its own for what a broker sends. */
function guard(client: mqtt.MqttClient, giveUp: (error: Error) => void): void {
  let second = 0;
  let packets = 0;
  let pending = 0;
  client.stream.on("data", (piece: Uint8Array) => {
    pending += piece.length;
    if (pending > MAX_PACKET_BYTES) giveUp(new Error("it sends too much at once"));
  });
  client.on("packetreceive", (packet) => {
    pending = 0;
    // It would be kept until the broker says that it may go; nobody has asked for that.
    if (packet.cmd === "publish" && packet.qos === 2) {
      return giveUp(new Error("it sends more than was asked for"));
    }
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) [second, packets] = [now, 0];
    if (++packets > MAX_PACKETS_PER_SECOND) giveUp(new Error("it sends too much"));
  });
}

/**
 * Polite while there is a connection that works: then the broker keeps our last word, not the will.
 * The library waits for ever for what is `unconfirmed`, and for the other side to close.
 */
async function end(client: mqtt.MqttClient, unconfirmed: boolean): Promise<void> {
  await atMost(CLOSING_MS, client.endAsync(unconfirmed || !client.connected).catch(() => {}));
  client.stream.destroy();
}

/** The work, unless the connection is lost or the broker takes too long. */
async function within(work: Promise<unknown>, lost: Promise<void>): Promise<void> {
  const gone = lost.then(() => Promise.reject(new Error("the connection was lost")));
  await inTime(ANSWER_MS, Promise.race([work, gone]), "it does not answer");
}
