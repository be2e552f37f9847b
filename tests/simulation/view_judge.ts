// What a backend that sees only its own is not told: nothing of a foreign transaction but "busy".

import assert from "node:assert/strict";
import type { JsonObject } from "../../src/ocpp/json.ts";
import { ownerOf } from "./books.ts";
import type { Machine } from "./machine.ts";

export class ViewJudge {
  /** By their times, values that came while a transaction of somebody else ran. */
  readonly #secret = new Set<string>();

  constructor(readonly machine: () => Machine, readonly backendId: string) {}

  /** Whether it may know of a transaction, by whom that is booked to. */
  mayKnow(bookedTo: string | null): boolean {
    return bookedTo === this.backendId || !this.#blinkered;
  }

  /** A CALL that is no transaction message has been sent to it. */
  call(action: string, payload: JsonObject): void {
    if (!this.#blinkered) return;
    switch (action) {
      case "StatusNotification":
        return this.#status(Number(payload.connectorId), payload);
      case "MeterValues":
        return this.#values(payload.meterValue);
      case "Authorize": {
        const owner = ownerOf(String(payload.idTag));
        const known = String(payload.idTag) !== "X" && owner !== this.backendId;
        return assert.ok(!known, `P4: ${this.backendId} is asked about somebody else's card`);
      }
    }
  }

  /** An event has been sent to it. */
  event(event: JsonObject): void {
    if (!this.#blinkered) return;
    const { type, transaction_id: id } = event;
    if (type === "status") this.#status(Number(event.connector_id), event);
    if (type === "meter" && id === undefined) this.#values(event.values);
    if (typeof id !== "number") return;
    const session = this.machine().tables.sessions.get(id);
    assert.equal(session?.backendId, this.backendId, `P4: ${type} of somebody else's transaction`);
  }

  #status(connectorId: number, { status }: JsonObject): void {
    if (!this.#foreign(connectorId)) return;
    assert.equal(status, "Unavailable", "P4: the state of somebody else's transaction");
  }

  /** Those of the main meter tell of whatever runs. */
  #values(values: unknown): void {
    const foreign = this.#secret.has(stampOf(values));
    assert.ok(!foreign, "P4: values of somebody else's transaction");
  }

  /** The charger tells what the main meter says, of no transaction. */
  loose(values: unknown): void {
    if (this.#foreign(0)) this.#secret.add(stampOf(values));
  }

  /** Whether a transaction of somebody else runs there; 0: anywhere. */
  #foreign(connectorId: number): boolean {
    const { state: { open, sessions } } = this.machine();
    return [...open].some((id) => {
      const session = sessions.get(id)!;
      const here = connectorId === 0 || session.connectorId === connectorId;
      return here && session.backendId !== this.backendId;
    });
  }

  get #blinkered(): boolean {
    const { configuration } = this.machine();
    return configuration.backends.find(({ id }) => id === this.backendId)?.sees === "own";
  }
}

function stampOf(values: unknown): string {
  const [first] = values as readonly { readonly timestamp: string }[];
  return first!.timestamp;
}
