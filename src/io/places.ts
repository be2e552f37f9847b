// Who may be connected: the count of every kind of connection, with places kept for the charger.

import type { ByteConnection } from "./byte_connection.ts";
import type { ListenerLimits } from "./listener_limits.ts";

export type PlaceKind = "http" | "backend" | "charger";

/**
 * A connection is pending while its head is awaited, then established. Pending ones never keep
 * anybody out: when there are too many, the address with most of them loses its oldest.
 */
export class Places {
  readonly #limits: ListenerLimits;
  /** By address, oldest first; the value is the deadline on the monotonic clock. */
  readonly #pending = new Map<string, Map<ByteConnection, number>>();
  #pendingCount = 0;
  readonly #kinds = new Map<ByteConnection, PlaceKind>();
  readonly #perAddress = new Map<string, number>();
  #chargers: ByteConnection[] = [];

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#pendingCount + this.#kinds.size;
  }

  /**
   * Lets a connection wait for a head, or for its farewell, until `timeoutMs` from now; an established
   * one gives up its place.
   */
  makePending(connection: ByteConnection, timeoutMs: number): void {
    this.leave(connection);
    if (this.#pendingCount >= this.#limits.pendingConnections) this.evict();
    const address = connection.remoteAddress;
    const ofAddress = this.#pending.get(address) ?? new Map<ByteConnection, number>();
    ofAddress.set(connection, performance.now() + timeoutMs);
    this.#pending.set(address, ofAddress);
    this.#pendingCount++;
  }

  /** Gives a connection whose head is complete its place; otherwise the reason why there is none. */
  establish(connection: ByteConnection, kind: PlaceKind): string | undefined {
    this.leave(connection);
    if (kind === "charger") {
      if (this.#chargers.length >= this.#limits.chargers) this.#drop(this.#chargers[0]!);
      this.#chargers.push(connection);
    } else {
      const ofAddress = this.#perAddress.get(connection.remoteAddress) ?? 0;
      if (ofAddress >= this.#limits.connectionsPerAddress) {
        return "too many connections from this address";
      }
      if (this.#kinds.size - this.#chargers.length >= this.#limits.connections) {
        return "too many connections";
      }
      this.#perAddress.set(connection.remoteAddress, ofAddress + 1);
    }
    this.#kinds.set(connection, kind);
    return undefined;
  }

  /** Forgets a connection, whatever it was. */
  leave(connection: ByteConnection): void {
    const address = connection.remoteAddress;
    const pending = this.#pending.get(address);
    if (pending?.delete(connection)) {
      this.#pendingCount--;
      if (pending.size === 0) this.#pending.delete(address);
      return;
    }
    const kind = this.#kinds.get(connection);
    if (kind === undefined) return;
    this.#kinds.delete(connection);
    if (kind === "charger") {
      this.#chargers = this.#chargers.filter((charger) => charger !== connection);
    } else {
      const left = this.#perAddress.get(address)! - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    }
  }

  /** Destroys the oldest pending connection of the address that has most of them. */
  evict(): void {
    let greediest: Map<ByteConnection, number> | undefined;
    for (const ofAddress of this.#pending.values()) {
      if (greediest === undefined || ofAddress.size > greediest.size) greediest = ofAddress;
    }
    for (const connection of greediest?.keys() ?? []) {
      this.#drop(connection);
      return;
    }
  }

  /** Destroys the pending connections whose time is up. */
  expire(now: number): void {
    for (const ofAddress of this.#pending.values()) {
      for (const [connection, deadline] of ofAddress) {
        if (now >= deadline) this.#drop(connection);
      }
    }
  }

  destroyAll(): void {
    for (const ofAddress of this.#pending.values()) {
      for (const connection of ofAddress.keys()) connection.destroy();
    }
    for (const connection of this.#kinds.keys()) connection.destroy();
  }

  #drop(connection: ByteConnection): void {
    connection.destroy();
    this.leave(connection);
  }
}
