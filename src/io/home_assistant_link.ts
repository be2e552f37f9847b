// The connection to Home Assistant: kept for ever, whatever happens to the other side.

import { Connection, type HaWebSocket } from "home-assistant-js-websocket";
import { HomeAssistantError, openHomeAssistant } from "./home_assistant_socket.ts";
import { type LinkHealth, LinkRecord } from "./link_health.ts";
import type { Log } from "./log.ts";
import { pause } from "./pause.ts";

/** How the link waits; tests wait less. */
export interface LinkTimes {
  /** After a first failure; doubles with each. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
  /** After a token that is not accepted: that does not mend itself. */
  readonly wrongTokenMs: number;
  /** An answer that takes longer ends the connection. */
  readonly answerMs: number;
}

/** Once Home Assistant is back, what it knows is right within 5 s. */
export const LINK_TIMES: LinkTimes = {
  firstWaitMs: 1_000,
  longestWaitMs: 4_000,
  wrongTokenMs: 300_000,
  answerMs: 10_000,
};

/** A connection that lasted for so long was a good one, ms: the next is tried for at once. */
const STEADY_MS = 30_000;

/** Commands without an answer, subscriptions among them; with more, something is wrong. */
const MAX_COMMANDS = 128;

/** How long the other side may take to close as well, ms; one that hangs never does. */
const CLOSING_MS = 1_000;

/** Who uses the connection. */
export interface LinkUser {
  /** It is open. Rejects: it is closed and opened again later. */
  opened(connection: Connection): Promise<void>;
  /** How long until it is looked at again, ms. */
  spacingMs(): number;
  /** It has just proved to be alive. */
  alive(): void;
  closed(): void;
}

/** Opens a connection, opens it again when it is lost, and finds out when it is dead. */
export class HomeAssistantLink {
  readonly #address: { readonly url: string; readonly token: string };
  readonly #user: LinkUser;
  readonly #log: Log;
  readonly #times: LinkTimes;
  readonly #record: LinkRecord;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  constructor(
    address: { readonly url: string; readonly token: string },
    user: LinkUser,
    log: Log,
    times = LINK_TIMES,
  ) {
    this.#address = address;
    this.#user = user;
    this.#log = log;
    this.#times = times;
    this.#record = new LinkRecord((reason) =>
      log("warning", "Home Assistant is away; the proxy goes on without it", { reason })
    );
    this.#ended = this.#run();
  }

  health(): LinkHealth {
    return this.#record.health();
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      let wrongToken = false;
      let begunAt = Infinity;
      try {
        await this.#session(() => begunAt = performance.now());
        this.#fail("the connection was lost");
      } catch (error) {
        wrongToken = error instanceof HomeAssistantError && error.wrongToken;
        this.#fail(reasonOf(error));
      }
      if (performance.now() - begunAt >= STEADY_MS) failures = 0;
      const { firstWaitMs, longestWaitMs, wrongTokenMs } = this.#times;
      const ceiling = Math.min(firstWaitMs * 2 ** Math.min(failures++, 20), longestWaitMs);
      await pause(wrongToken ? wrongTokenMs : ceiling / 2 + Math.random() * ceiling / 2, signal);
    }
  }

  #fail(reason: string): void {
    if (!this.#stopping.signal.aborted) this.#record.failed(reason);
  }

  /** From opening to the end of one connection; `began` is called once it serves its user. */
  async #session(began: () => void): Promise<void> {
    const { signal } = this.#stopping;
    const { url, token } = this.#address;
    const socket = await openHomeAssistant(url, token, signal);
    const closed = new AbortController();
    socket.addEventListener("close", () => closed.abort());
    const lost = AbortSignal.any([closed.signal, signal]);
    // The library uses no more of a WebSocket than this has.
    const connection = new Connection(socket as unknown as HaWebSocket, {
      setupRetry: 0,
      createSocket: () => Promise.reject(new HomeAssistantError("not by the library")),
    });
    // The library's own way to connect again waits 5 s at most, and gives up on a wrong token.
    connection.closeRequested = true;
    socket.bearable = () => connection.commands.size <= MAX_COMMANDS;
    try {
      await this.#timely(this.#user.opened(connection), lost);
      began();
      this.#record.connected(Date.now());
      this.#log("info", "connected with Home Assistant", {
        host: new URL(url).host,
        version: connection.haVersion,
      });
      while (!lost.aborted) {
        await pause(this.#user.spacingMs(), lost);
        if (lost.aborted) break;
        await this.#timely(connection.ping(), lost);
        this.#user.alive();
      }
      if (socket.fault !== undefined) throw new HomeAssistantError(socket.fault);
    } finally {
      this.#user.closed();
      socket.close();
      await pause(CLOSING_MS, closed.signal);
    }
  }

  /** What comes in time; else rejects. */
  async #timely<T>(answer: Promise<T>, lost: AbortSignal): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const late = () => reject(new HomeAssistantError("it does not answer any more"));
    const gone = () => reject(new HomeAssistantError("the connection was lost"));
    const timer = setTimeout(late, this.#times.answerMs);
    lost.addEventListener("abort", gone);
    try {
      return await Promise.race([answer, promise]);
    } finally {
      clearTimeout(timer);
      lost.removeEventListener("abort", gone);
    }
  }
}

/** What Home Assistant, or its library, says of a failure; never a secret. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === "object" && error !== null && "message" in error) {
    return String(error.message);
  }
  return "the connection was lost";
}
