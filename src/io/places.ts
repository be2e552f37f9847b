// Who may be connected: the count of every kind of connection, with places kept for the charger.

import type { ByteConnection } from "./byte_connection.ts";
import { type ListenerLimits, RESERVED_DESCRIPTORS } from "./listener_limits.ts";

/** What every connection has for its head, so that a charger is heard even from a flooding address. */
const GRACE_MS = 10;

/** For how long the number of descriptors is held for known that the system once refused to exceed. */
const LEARNT_FOR_MS = 60_000;

/** Whatever the system refuses, so many established connections are tried. */
const LEAST_CONNECTIONS = 16;

/** Times are on the monotonic clock, in milliseconds. */
interface Wait {
  readonly since: number;
  readonly deadline: number;
}

export type PlaceKind = "http" | "backend" | "charger";

/**
 * A connection is pending while its head is awaited, then established. Pending ones never keep
 * anybody out: when there are too many, the address with most of them loses its oldest.
 */
export class Places {
  readonly #limits: ListenerLimits;
  /** By address, oldest first. */
  readonly #pending = new Map<string, Map<ByteConnection, Wait>>();
  #pendingCount = 0;
  readonly #kinds = new Map<ByteConnection, PlaceKind>();
  readonly #perAddress = new Map<string, number>();
  #chargers: ByteConnection[] = [];
  /** How many established ones the system turned out to allow, and until when that is believed. */
  #learnt = { connections: Infinity, until: 0 };

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#pendingCount + this.#kinds.size;
  }

  /** Lets a new connection wait for its head; when there is no room, another one goes. */
  enter(connection: ByteConnection, timeoutMs: number): void {
    if (this.#pendingCount >= this.#limits.pendingConnections) {
      const next = this.#nextToGo();
      if (next !== undefined) this.#drop(next.connection);
    }
    this.#makePending(connection, timeoutMs);
  }

  /** Lets a known connection wait for another head, or for its farewell; false: there is no room. */
  wait(connection: ByteConnection, timeoutMs: number): boolean {
    this.leave(connection);
    if (this.#pendingCount >= this.#limits.pendingConnections) return false;
    this.#makePending(connection, timeoutMs);
    return true;
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
      if (this.#kinds.size - this.#chargers.length >= this.#mostEstablished(performance.now())) {
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

  /** How long to wait until the next to go has had its GRACE_MS; 0: there is room, or it has. */
  untilRoomMs(now: number): number {
    if (this.#pendingCount < this.#limits.pendingConnections) return 0;
    const next = this.#nextToGo();
    return next === undefined ? 0 : Math.max(0, next.since + GRACE_MS - now);
  }

  /** Destroys the pending connections whose time is up. */
  expire(now: number): void {
    for (const ofAddress of this.#pending.values()) {
      for (const [connection, { deadline }] of ofAddress) {
        if (now >= deadline) this.#drop(connection);
      }
    }
  }

  /**
   * The system has no descriptor left, which the limits did not foresee: as many established ones end
   * as leave room for those that are reserved, for all that may be pending and for chargers; those of
   * the greediest addresses, the oldest first, backends last. No more than that are let in for a
   * while.
   */
  exhausted(now: number): void {
    const { pendingConnections, chargers } = this.#limits;
    const others = this.size - RESERVED_DESCRIPTORS - pendingConnections - chargers;
    const connections = Math.max(LEAST_CONNECTIONS, others);
    this.#learnt = { connections, until: now + LEARNT_FOR_MS };
    while (this.#kinds.size - this.#chargers.length > connections) {
      const greedy = this.#greediest();
      if (greedy === undefined) return;
      this.#drop(greedy);
    }
  }

  destroyAll(): void {
    for (const ofAddress of this.#pending.values()) {
      for (const connection of ofAddress.keys()) connection.destroy();
    }
    for (const connection of this.#kinds.keys()) connection.destroy();
  }

  #makePending(connection: ByteConnection, timeoutMs: number): void {
    const address = connection.remoteAddress;
    const ofAddress = this.#pending.get(address) ?? new Map<ByteConnection, Wait>();
    const since = performance.now();
    ofAddress.set(connection, { since, deadline: since + timeoutMs });
    this.#pending.set(address, ofAddress);
    this.#pendingCount++;
  }

  #mostEstablished(now: number): number {
    const { connections, until } = this.#learnt;
    return now < until ? Math.min(connections, this.#limits.connections) : this.#limits.connections;
  }

  /**
   * The oldest established connection of the address that has most of them: one that has proved
   * nothing, a backend only where there is no other, and never a charger.
   */
  #greediest(): ByteConnection | undefined {
    const ofKind = (wanted: PlaceKind) =>
      [...this.#kinds].filter(([, kind]) => kind === wanted).map(([connection]) => connection);
    const plain = ofKind("http");
    const count = ({ remoteAddress }: ByteConnection) => this.#perAddress.get(remoteAddress) ?? 0;
    return (plain.length > 0 ? plain : ofKind("backend"))
      .reduce<ByteConnection | undefined>(
        (greediest, one) => greediest && count(greediest) >= count(one) ? greediest : one,
        undefined,
      );
  }

  /** The oldest pending connection of the address that has most of them. */
  #nextToGo(): { connection: ByteConnection; since: number } | undefined {
    let greediest: Map<ByteConnection, Wait> | undefined;
    for (const ofAddress of this.#pending.values()) {
      if (greediest === undefined || ofAddress.size > greediest.size) greediest = ofAddress;
    }
    for (const [connection, { since }] of greediest ?? []) return { connection, since };
    return undefined;
  }

  #drop(connection: ByteConnection): void {
    connection.destroy();
    this.leave(connection);
  }
}
