// The network: every connection of the world, who dials whom, and what becomes of it.

import assert from "node:assert/strict";
import type { Effect } from "../../src/core/effect.ts";
import type { Backend } from "./backend.ts";
import type { Charger } from "./charger.ts";
import { type Ends, Link } from "./link.ts";
import type { Machine } from "./machine.ts";
import type { BackendId, Deed } from "./move.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export class Network {
  /** Connections whose end at the machine is open. */
  readonly #links = new Map<number, Link>();
  /** By backend, a dial under way: how often the configuration had been read again before. */
  readonly #dialling = new Map<string, { readonly reloads: number }>();
  #connection = 0;

  constructor(
    readonly machine: () => Machine,
    readonly charger: () => Charger,
    readonly backends: ReadonlyMap<BackendId, Backend>,
    readonly timeline: Timeline,
    readonly random: Random,
  ) {}

  /** The machine is gone, and with it its end of everything. */
  dropAll(): void {
    for (const link of this.#links.values()) link.drop();
    this.#links.clear();
    this.#dialling.clear();
  }

  /** What happens to the connection of the charger. */
  chargerLink(how: (Deed & { type: "charger_link" })["how"]): void {
    const charger = this.charger();
    const { link } = charger;
    switch (how) {
      case "cut":
        link?.close();
        return link && charger.offline(link);
      case "half_open":
        return link?.silence();
      case "return":
      case "reboot":
        charger.online(how === "reboot");
        return link && this.timeline.after(this.random.below(3_000), () => link.close());
      default:
        return how satisfies never;
    }
  }

  /** What happens to the connection of a backend. */
  backendLink(one: Backend, how: (Deed & { type: "link" })["how"]): void {
    switch (how) {
      case "half_open":
        return one.link?.silence();
      case "cut":
      case "away": {
        const { link } = one;
        one.there = how === "cut";
        link?.close();
        return link && this.#lost(one, link);
      }
      case "back":
        one.there = true;
        if (!one.link) this.dialIn(one);
        return;
      default:
        return how satisfies never;
    }
  }

  /** A backend that dials in does so, now or a little later. */
  dialIn(one: Backend): void {
    if (one.id === "a") return;
    this.timeline.after(this.random.between(50, 3_000), () => {
      if (one.link || !one.there) return;
      // The listener refuses whom it does not know.
      const known = this.machine().configuration.backends.some(({ id }) => id === one.id);
      if (known) this.#connectBackend(one);
    });
  }

  #lost(one: Backend, link: Link): void {
    if (one.link !== link) return;
    one.link = undefined;
    if (one.there) this.dialIn(one);
  }

  /** A new connection of the charger. */
  connectCharger(): Link {
    const link = this.#link({
      atMachine: ({ connection }, text) =>
        this.machine().tell({ type: "charger_frame", connection, text }),
      goneAtMachine: ({ connection }) => {
        this.#links.delete(connection);
        this.machine().tell({ type: "charger_disconnected", connection, reason: "gone" });
      },
      atPeer: (link, text) => this.charger().hear(link, text),
      goneAtPeer: (link) => this.charger().offline(link),
    });
    const { connection } = link;
    this.timeline.after(0, () => {
      this.#links.set(connection, link);
      this.machine().tell({
        type: "charger_connected",
        connection,
        chargePointId: "CP001",
        remoteAddress: "192.0.2.10",
      });
    });
    return link;
  }

  #connectBackend(one: Backend): void {
    const backendId = one.id;
    const link = one.link = this.#link({
      atMachine: ({ connection }, text) =>
        this.machine().tell({ type: "backend_frame", backendId, connection, text }),
      goneAtMachine: ({ connection }) => {
        this.#links.delete(connection);
        const random = this.random.next();
        const type = "backend_disconnected";
        this.machine().tell({ type, backendId, connection, reason: "gone", random });
      },
      atPeer: (link, text) => one.hear(link, text),
      goneAtPeer: (link) => this.#lost(one, link),
    });
    const { connection } = link;
    this.#links.set(connection, link);
    this.machine().tell({
      type: "backend_connected",
      backendId,
      connection,
      protocol: one.json ? "json" : "ocpp1.6",
      remoteAddress: "192.0.2.20",
    });
  }

  #link(ends: Ends): Link {
    return new Link(++this.#connection, this.timeline, this.random, ends);
  }

  /** Whatever leaves the machine goes its way. */
  perform(effect: Effect): void {
    const { timeline } = this;
    const machine = this.machine();
    const { lives } = machine;
    const later = (ms: number, happen: () => void) =>
      timeline.after(ms, () => machine.lives === lives && happen());
    switch (effect.type) {
      case "send_charger":
      case "send_backend":
        return this.#links.get(effect.connection)?.hear(effect.text);
      case "close_charger":
      case "close_backend": {
        const link = this.#links.get(effect.connection);
        if (!link) return;
        link.drop();
        return later(this.random.below(100), () => link.ends.goneAtMachine(link));
      }
      case "dial":
        return this.#dial(effect.backendId as BackendId, later);
      case "probe_backend": {
        const { backendId, connection, sequence } = effect;
        const link = this.#links.get(connection);
        return later(this.random.between(2, 200), () => {
          const here = link?.machineEnd && link.peerEnd && !link.deaf;
          if (here) machine.tell({ type: "backend_received", backendId, connection, sequence });
        });
      }
      case "read_log": {
        const { backendId, after, limit } = effect;
        return later(this.random.below(50), () => {
          const { disk, tables } = machine;
          const entries = disk.readable ? tables.log.slice(after, after + limit) : undefined;
          machine.tell({ type: "log_page", backendId, after, entries });
        });
      }
    }
  }

  #dial(backendId: BackendId, later: (ms: number, happen: () => void) => void): void {
    const one = this.backends.get(backendId)!;
    // As the shell does it: a dial that a new configuration has overtaken leads to nothing.
    const dial = { reloads: this.machine().reloads };
    const twice = this.#dialling.get(backendId)?.reloads === dial.reloads;
    assert.ok(!twice, `P4: ${backendId} is dialled twice at once`);
    this.#dialling.set(backendId, dial);
    later(this.random.between(10, 400), () => {
      if (this.#dialling.get(backendId) !== dial) return;
      this.#dialling.delete(backendId);
      if (one.there) return this.#connectBackend(one);
      const random = this.random.next();
      this.machine().tell({ type: "dial_failed", backendId, reason: "nobody is there", random });
    });
  }
}
