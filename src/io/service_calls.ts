// Calls of Home Assistant's services: each has so long, and only so many may hang.

import type { Connection } from "home-assistant-js-websocket";
import type { JsonObject } from "../ocpp/json.ts";
import { inTime } from "./pause.ts";

/** So long a service may take, ms. */
export const SERVICE_CALL_MS = 10_000;

/** Calls that hang; with so many of them, nothing is called until one is answered. */
export const MAX_UNANSWERED_CALLS = 16;

/** The service that is called, and the entity that is meant, if there is one. */
export interface Service {
  readonly domain: string;
  readonly service: string;
  readonly entity?: string;
}

/** Calls by one connection. */
export class ServiceCalls {
  readonly connection: Connection;
  readonly #answerMs: number;
  #unanswered = 0;

  constructor(connection: Connection, answerMs: number) {
    this.connection = connection;
    this.#answerMs = answerMs;
  }

  /** Rejects with what Home Assistant says, or when it says nothing in time. */
  async call({ domain, service, entity }: Service, service_data: JsonObject): Promise<void> {
    if (this.#unanswered >= MAX_UNANSWERED_CALLS) throw new Error("too many calls hang");
    this.#unanswered++;
    const answer = this.connection.sendMessagePromise({
      type: "call_service",
      domain,
      service,
      service_data,
      ...entity !== undefined && { target: { entity_id: entity } },
    }).finally(() => this.#unanswered--);
    await inTime(this.#answerMs, answer, `no answer within ${this.#answerMs / 1000} s`);
  }
}
