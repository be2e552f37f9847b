// Home Assistant's event bus: what happens goes there, and the owner's word may come from there.

import type { Connection } from "home-assistant-js-websocket";
import type { HomeEvent } from "./home_event.ts";
import { reasonOf } from "./home_assistant_link.ts";
import type { Log } from "./log.ts";
import { OwnerPace } from "./owner_pace.ts";
import { printable } from "./printable.ts";

/** Events that tell what happens; `event_type` in their data says of what kind. */
export const EVENT_NAME = "ocpp_proxy_event";

/** Events by which automations and scripts say the owner's word. */
export const COMMAND_NAME = "ocpp_proxy_command";

/** Events that Home Assistant has not confirmed yet; beyond that, dropped. */
export const MAX_UNCONFIRMED_EVENTS = 16;

/** The longest reason that is told, characters: a part of it is what somebody has sent. */
const MAX_REASON_LENGTH = 200;

/** Does what the data of a command says; returns why not. */
export type Obey = (data: unknown) => string | undefined;

/** Fires while there is a connection, and listens. */
export class HomeAssistantBus {
  readonly #obey: Obey;
  readonly #about: () => { readonly charger: string | null };
  readonly #log: Log;
  #connection: Connection | undefined;
  readonly #pace = new OwnerPace();
  #unconfirmed = 0;
  /** The newest problem, so that each is told once. */
  #told = "";

  /** `about` goes with each event. */
  constructor(obey: Obey, about: () => { readonly charger: string | null }, log: Log) {
    this.#obey = obey;
    this.#about = about;
    this.#log = log;
  }

  /** Commands come by this connection. */
  async opened(connection: Connection): Promise<void> {
    this.#unconfirmed = 0;
    try {
      await connection.subscribeEvents(
        (event: { data?: unknown } | null) => this.#heard(event?.data),
        COMMAND_NAME,
      );
      this.#connection = connection;
    } catch (error) {
      // Whoever may not listen may not fire either.
      const problem = "events come and go only with the token of an administrator";
      this.#once(problem, reasonOf(error));
    }
  }

  closed(): void {
    this.#connection = undefined;
    this.#pace.stop();
  }

  /** Tells it; what nobody can be told now is no news later. */
  fire(event: HomeEvent): void {
    const connection = this.#connection;
    if (connection === undefined || this.#unconfirmed >= MAX_UNCONFIRMED_EVENTS) return;
    this.#unconfirmed++;
    const event_data = { ...this.#about(), ...event };
    connection.sendMessagePromise({ type: "fire_event", event_type: EVENT_NAME, event_data })
      .catch((error) => {
        if (connection === this.#connection) {
          this.#once("Home Assistant takes no events", reasonOf(error));
        }
      })
      .finally(() => {
        if (connection === this.#connection) this.#unconfirmed--;
      });
  }

  #heard(data: unknown): void {
    const words = typeof data === "object" && data !== null ? data : {};
    // Somebody else's take nobody's turn.
    if ("charger" in words && words.charger !== (this.#about().charger ?? "")) return;
    this.#pace.say("request" in words ? `answer ${words.request}`.slice(0, 40) : "word", () => {
      const reason = this.#obey(data);
      if (reason === undefined) this.#told = "";
      else this.#once(`an event ${COMMAND_NAME} was not obeyed`, reason);
    });
  }

  #once(problem: string, reason: string): void {
    if (this.#told === problem + reason) return;
    this.#told = problem + reason;
    this.#log("warning", problem, { reason: printable(reason).slice(0, MAX_REASON_LENGTH) });
  }
}
