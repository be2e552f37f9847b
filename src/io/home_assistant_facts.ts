// Facts from Home Assistant: the entities that the configuration looks at, followed live.

import type { Connection } from "home-assistant-js-websocket";
import { type CoreConfiguration, type FactConfiguration } from "../core/configuration.ts";
import { wantedFacts } from "../core/fact.ts";
import type { JsonObject } from "../ocpp/json.ts";
import {
  applyStates,
  type EntityState,
  isEntityId,
  type StatesMessage,
} from "./home_assistant_states.ts";

/** Takes a fact; value null: Home Assistant cannot tell it now. */
export type Learn = (name: string, value: string | null, attributes: JsonObject) => void;

/** An entity is told on at most this often; of what changes faster, the newest counts. */
const SPACING_MS = 250;

/** A state that stays is told again before a third of its age is over. */
const REPEATS_PER_AGE = 3;

/** The connection is looked at between these times, ms. */
const SHORTEST_LOOK_MS = 1_000;
const LONGEST_LOOK_MS = 20_000;

/** What Home Assistant says when it cannot tell. */
const NOT_TOLD: ReadonlySet<string> = new Set(["unknown", "unavailable"]);

/** Follows exactly the entities that a configuration names. */
export class HomeAssistantFacts {
  readonly #learn: Learn;
  #configuration: CoreConfiguration;
  #connection: Connection | undefined;
  #followed: readonly string[] = [];
  #stopFollowing: (() => Promise<void>) | undefined;
  readonly #states = new Map<string, EntityState>();
  /** When each was last told, epoch milliseconds. */
  readonly #toldAt = new Map<string, number>();
  readonly #changed = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** One subscription after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(configuration: CoreConfiguration, learn: Learn) {
    this.#configuration = configuration;
    this.#learn = learn;
  }

  /** Follows by this connection from now on. Rejects with what Home Assistant says. */
  follow(connection: Connection): Promise<void> {
    this.#connection = connection;
    this.#states.clear();
    this.#work = this.#subscribe(connection);
    return this.#work;
  }

  /** The configuration names others. Rejects with what Home Assistant says. */
  reconfigure(configuration: CoreConfiguration): Promise<void> {
    this.#configuration = configuration;
    const connection = this.#connection;
    if (connection === undefined) return Promise.resolve();
    this.#work = this.#work.then(() => this.#follow(connection));
    return this.#work;
  }

  async #follow(connection: Connection): Promise<void> {
    const next = entitiesOf(this.#configuration);
    const same = next.length === this.#followed.length &&
      next.every((id) => this.#followed.includes(id));
    if (same || connection !== this.#connection) return;
    const stop = this.#stopFollowing;
    this.#stopFollowing = undefined;
    this.#states.clear();
    await stop?.();
    await this.#subscribe(connection);
  }

  async #subscribe(connection: Connection): Promise<void> {
    const followed = entitiesOf(this.#configuration);
    this.#followed = followed;
    if (followed.length === 0) return;
    this.#stopFollowing = await connection.subscribeMessage<StatesMessage>(
      (message) => {
        if (this.#followed === followed) this.#take(message);
      },
      { type: "subscribe_entities", entity_ids: [...followed] },
    );
  }

  /** There is no connection: facts grow old. */
  lost(): void {
    this.#connection = undefined;
    this.#stopFollowing = undefined;
    this.#followed = [];
    this.#states.clear();
    this.#changed.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** How long until the next look at what grows old, ms. */
  spacingMs(): number {
    const ages = this.#followed.map((name) => this.#maxAgeMs(name));
    const wish = Math.min(...ages) / REPEATS_PER_AGE;
    return Math.min(Math.max(wish, SHORTEST_LOOK_MS), LONGEST_LOOK_MS);
  }

  /** Home Assistant is there, so what it has said is still so: told again before it is too old. */
  repeat(now: number): void {
    for (const name of this.#states.keys()) {
      const age = now - (this.#toldAt.get(name) ?? -Infinity);
      // One look early: the next one may come late.
      if (age + this.spacingMs() >= this.#maxAgeMs(name) / REPEATS_PER_AGE) this.#tell(name);
    }
  }

  #take(message: StatesMessage): void {
    for (const name of applyStates(this.#states, this.#followed, message)) this.#changed.add(name);
    if (this.#timer !== undefined) return;
    this.#tellChanged();
  }

  #tellChanged(): void {
    this.#timer = undefined;
    if (this.#changed.size === 0) return;
    const names = [...this.#changed];
    this.#changed.clear();
    this.#timer = setTimeout(() => this.#tellChanged(), SPACING_MS);
    for (const name of names) this.#tell(name);
  }

  #tell(name: string): void {
    const { state, attributes } = this.#states.get(name) ??
      { state: "unavailable", attributes: {} };
    this.#toldAt.set(name, Date.now());
    this.#learn(name, NOT_TOLD.has(state) ? null : state, attributes);
  }

  #maxAgeMs(name: string): number {
    const { facts, factMaxAgeMs } = this.#configuration;
    return facts.find((fact: FactConfiguration) => fact.name === name)?.maxAgeMs ?? factMaxAgeMs;
  }
}

/** At most MAX_FACTS. */
function entitiesOf(configuration: CoreConfiguration): string[] {
  return [...wantedFacts(configuration)].filter(isEntityId);
}
