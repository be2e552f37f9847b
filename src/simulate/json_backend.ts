// A simulated backend that speaks the simple JSON protocol: it asks for control and tells events.

import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJson,
  stringifyJson,
} from "../ocpp/json.ts";
import { Link, type WebSocket, withIdentity } from "./web_socket.ts";

export interface JsonBackendOptions {
  /** The proxy's endpoint for backends, without the id. */
  readonly url: string;
  readonly id: string;
  /** Its token at the proxy; absent: none is sent. */
  readonly token?: string;
  /** The event types to subscribe to; absent: all. */
  readonly events?: readonly string[];
  readonly report?: (text: string) => void;
  /** Wait before the first reconnection, wall-clock milliseconds. */
  readonly reconnectMs?: number;
  readonly replyTimeoutMs?: number;
}

/** A reply with an `error`. */
export class RequestFailed extends Error {
  constructor(readonly code: string, reason: string) {
    super(reason);
    this.name = "RequestFailed";
  }
}

interface Pending {
  readonly resolve: (reply: JsonObject) => void;
  readonly reject: (error: RequestFailed) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Wall-clock milliseconds: the proxy may ask the charger, and the owner. */
const REPLY_TIMEOUT_MS = 40_000;
/** Events kept. */
const REMEMBERED_EVENTS = 1_000;

/** One JSON client of the proxy. */
export class JsonBackend {
  readonly #options: JsonBackendOptions;
  readonly #link: Link;
  readonly #pending = new Map<string, Pending>();
  #socket: WebSocket | undefined;
  #lastId = 0;
  /** The events that came, oldest first. */
  readonly events: JsonObject[] = [];

  constructor(options: JsonBackendOptions) {
    this.#options = options;
    this.#link = new Link({
      url: withIdentity(options.url, options.id),
      protocols: [],
      headers: options.token === undefined ? {} : { authorization: `Bearer ${options.token}` },
      opened: (socket) => this.#opened(socket),
      closed: (code, reason) => this.#closed(`connection closed: ${code} ${reason}`.trim()),
      failed: (reason) => options.report?.(`no connection: ${reason}`),
      ...(options.reconnectMs === undefined ? {} : { reconnectMs: options.reconnectMs }),
    });
  }

  get connected(): boolean {
    return this.#socket !== undefined;
  }

  /** Connects, and subscribes at every connection. */
  start(): void {
    this.#link.start();
  }

  async stop(): Promise<void> {
    await this.#link.stop();
  }

  /** Sends a request; resolves with the `result`, rejects with RequestFailed. */
  request(action: string, fields: JsonObject = {}): Promise<JsonObject> {
    const id = String(++this.#lastId);
    return new Promise((resolve, reject) => {
      if (!this.#socket) {
        reject(new RequestFailed("disconnected", `${action}: not connected`));
        return;
      }
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new RequestFailed("timeout", `${action} was not answered`));
      }, this.#options.replyTimeoutMs ?? REPLY_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.send(stringifyJson({ id, action, ...fields }));
    });
  }

  #opened(socket: WebSocket): void {
    this.#socket = socket;
    this.#options.report?.("connected to the proxy");
    socket.on("message", (data) => this.#received(String(data)));
    const { events } = this.#options;
    const wanted = events ? { events: [...events] } : {};
    this.request("subscribe", wanted).catch((error: Error) =>
      this.#options.report?.(error.message)
    );
  }

  #closed(reason: string): void {
    this.#socket = undefined;
    this.#options.report?.(reason);
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new RequestFailed("disconnected", reason));
    }
    this.#pending.clear();
  }

  #received(text: string): void {
    const message = parseMessage(text);
    if (!message) return;
    if (typeof message.type === "string") {
      this.events.push(message);
      if (this.events.length > REMEMBERED_EVENTS) this.events.shift();
      this.#options.report?.(describeEvent(message));
      return;
    }
    const id = String(message.id);
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (message.error === undefined) {
      pending.resolve(isJsonObject(message.result) ? message.result : {});
    } else {
      pending.reject(new RequestFailed(String(message.error), String(message.reason ?? "")));
    }
  }
}

function parseMessage(text: string): JsonObject | undefined {
  try {
    const message = parseJson(text);
    return isJsonObject(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** An event as a line: its type, then its plain fields, then what its meter shows. */
function describeEvent({ type, time: _, ...fields }: JsonObject): string {
  const words = Object.entries(fields)
    .filter(([key, value]) => key !== "timestamp" && value !== null && typeof value !== "object")
    .map(([key, value]) => `${key} ${value}`);
  return `${type}: ${[...words, ...meterWords(fields.values)].join(", ")}`;
}

/** Energy and power of the newest reading of a `meter` event. */
function meterWords(values: JsonValue | undefined): string[] {
  const newest = Array.isArray(values) ? values.at(-1) : undefined;
  const samples = isJsonObject(newest) ? newest.sampled_value : undefined;
  if (!Array.isArray(samples)) return [];
  return samples.filter(isJsonObject)
    .filter(({ unit, phase }) => phase === undefined && (unit === "Wh" || unit === "W"))
    .map(({ value, unit }) => `${value} ${unit}`);
}
