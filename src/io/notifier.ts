// Notifications through Home Assistant: to phones by their services, else on its own page.

import type { Connection } from "home-assistant-js-websocket";
import type { JsonObject } from "../ocpp/json.ts";
import { reasonOf } from "./home_assistant_link.ts";
import type { Log } from "./log.ts";
import type { Notification } from "./notification.ts";
import { SERVICE_CALL_MS, ServiceCalls } from "./service_calls.ts";

/** Notifications that wait, for Home Assistant or for their turn; the oldest goes first. */
export const MAX_WAITING_NOTIFICATIONS = 20;

/** What waited longer is no news any more, ms. */
export const STALE_NOTIFICATION_MS = 6 * 3_600_000;

/** The longest name of an answer that is looked at, characters. */
const MAX_ACTION_LENGTH = 100;

/** Begins the name of an answer, so that nobody else's is taken for ours. */
const ACTION = /^OCPP_PROXY_(ALLOW|DENY)_([\w-]+)_(\d{1,15})$/;

/** Gets the owner's answer to a question. */
export type Answer = (questionId: number, allow: boolean) => void;

interface Waiting {
  readonly notification: Notification;
  readonly since: number;
}

/** Sends notifications while there is a connection, keeps some while there is none. */
export class Notifier {
  readonly #instance: string;
  readonly #answer: Answer;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #callMs: number;
  #services: readonly string[];
  #calls: ServiceCalls | undefined;
  readonly #waiting: Waiting[] = [];
  /** Problems that were told. */
  readonly #problems = new Set<string>();
  #sending = false;

  /** `instance` names this installation among others of the same household. */
  constructor(
    instance: string,
    services: readonly string[],
    answer: Answer,
    log: Log,
    now: () => number,
    callMs = SERVICE_CALL_MS,
  ) {
    this.#instance = instance;
    this.#services = services;
    this.#answer = answer;
    this.#log = log;
    this.#now = now;
    this.#callMs = callMs;
  }

  reconfigure(services: readonly string[]): void {
    this.#services = services;
    this.#problems.clear();
  }

  /** Answers come by this connection; what has waited is sent. */
  async opened(connection: Connection): Promise<void> {
    try {
      await connection.subscribeEvents(
        (event: { data?: { action?: unknown } } | null) => this.#answered(event?.data?.action),
        "mobile_app_notification_action",
      );
    } catch (error) {
      this.#once("answers from phones do not arrive: the token is not an administrator's", error);
    }
    this.#calls = new ServiceCalls(connection, this.#callMs);
    void this.#sendWaiting();
  }

  closed(): void {
    this.#calls = undefined;
  }

  /** Sends it, one after the other; what cannot be sent now waits. */
  send(notification: Notification): void {
    this.#keep(notification);
    void this.#sendWaiting();
  }

  #keep(notification: Notification): void {
    const { tag } = notification;
    const same = this.#waiting.findIndex((item) => item.notification.tag === tag);
    if (same >= 0) this.#waiting.splice(same, 1);
    this.#waiting.push({ notification, since: this.#now() });
    if (this.#waiting.length > MAX_WAITING_NOTIFICATIONS) this.#waiting.shift();
  }

  async #sendWaiting(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    while (this.#waiting.length > 0 && this.#calls?.connection.connected) {
      const { notification, since } = this.#waiting.shift()!;
      if (since + STALE_NOTIFICATION_MS > this.#now()) {
        await this.#send(this.#calls, notification);
      }
    }
    this.#sending = false;
  }

  async #send(calls: ServiceCalls, notification: Notification): Promise<void> {
    if (notification.type === "ask" && notification.deadline <= this.#now()) return;
    const delivered = await Promise.all(
      this.#services.map((service) => this.#sendTo(calls, service, notification)),
    );
    // A card on the page is taken away even when phones have been told.
    if (delivered.includes(true) && notification.type !== "clear") return;
    try {
      await this.#onThePage(calls, notification);
    } catch (error) {
      if (this.#isGone(calls)) this.#keep(notification);
      else this.#once("a notification could not be delivered", error);
    }
  }

  /** Whether the service has taken it; where it is no service, it may be an entity. */
  async #sendTo(
    calls: ServiceCalls,
    service: string,
    notification: Notification,
  ): Promise<boolean> {
    const phone = service.startsWith("notify.mobile_app_");
    // Only the companion app knows how to take something back.
    if (notification.type === "clear" && !phone) return true;
    const words = phone ? this.#forPhone(notification) : plainWords(notification);
    try {
      await calls.call({ domain: "notify", service: service.slice("notify.".length) }, words);
      return true;
    } catch (error) {
      if (this.#isGone(calls)) return false;
      if (isUnknownService(error) && notification.type !== "clear") {
        try {
          const { title, message } = words;
          const send = { domain: "notify", service: "send_message", entity: service };
          await calls.call(send, { title, message });
          return true;
        } catch (second) {
          this.#once(`${service} takes no notifications`, second);
          return false;
        }
      }
      this.#once(`${service} takes no notifications`, error);
      return false;
    }
  }

  #forPhone(notification: Notification): JsonObject {
    const { tag } = notification;
    switch (notification.type) {
      case "clear":
        return { message: "clear_notification", data: { tag } };
      case "tell": {
        const { title, message, kind } = notification;
        return { title, message, data: { tag, group: "ocpp-proxy", channel: `Charger: ${kind}` } };
      }
      case "ask": {
        const { title, message, questionId, deadline } = notification;
        const action = (word: string) => `OCPP_PROXY_${word}_${this.#instance}_${questionId}`;
        return {
          title,
          message,
          data: {
            tag,
            group: "ocpp-proxy",
            channel: "Charger: questions",
            importance: "high",
            priority: "high",
            ttl: 0,
            timeout: Math.max(1, Math.round((deadline - this.#now()) / 1000)),
            actions: [
              { action: action("ALLOW"), title: "Allow" },
              { action: action("DENY"), title: "Deny" },
            ],
          },
        };
      }
      default:
        return notification satisfies never;
    }
  }

  async #onThePage(calls: ServiceCalls, notification: Notification): Promise<void> {
    const { tag: notification_id } = notification;
    const domain = "persistent_notification";
    if (notification.type === "clear") {
      return await calls.call({ domain, service: "dismiss" }, { notification_id });
    }
    const words = { ...plainWords(notification), notification_id };
    await calls.call({ domain, service: "create" }, words);
  }

  #isGone(calls: ServiceCalls): boolean {
    return !calls.connection.connected || calls !== this.#calls;
  }

  #answered(action: unknown): void {
    if (typeof action !== "string" || action.length > MAX_ACTION_LENGTH) return;
    const [, word, instance, id] = ACTION.exec(action) ?? [];
    if (instance === this.#instance) this.#answer(Number(id), word === "ALLOW");
  }

  #once(problem: string, error: unknown): void {
    if (this.#problems.has(problem)) return;
    this.#problems.add(problem);
    this.#log("warning", problem, { reason: reasonOf(error) });
  }
}

/** For services that know nothing but text. */
function plainWords(notification: Notification): JsonObject {
  if (notification.type === "clear") return {};
  const { title, message } = notification;
  if (notification.type === "tell") return { title, message };
  const { questionId: id } = notification;
  const how = `Answer with ocpp-proxy override allow ${id}, or deny ${id}.`;
  return { title, message: `${message} ${how}` };
}

function isUnknownService(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error &&
    error.code === "not_found";
}
