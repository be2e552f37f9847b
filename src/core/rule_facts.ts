// What rules can ask about one request, and what they were told: the words of the reason.

import { type Fact, factOf, lastKnown, presence } from "./fact.ts";
import { clockText, type LocalTime, localTime, minuteText } from "./local_time.ts";
import type { SessionRecord } from "./record.ts";
import type { RuleRequest } from "./rules.ts";
import type { State } from "./state.ts";
import { costNow, priceNow } from "./tariff.ts";
import { ToldFact } from "./told_fact.ts";
import { masked, rounded, short } from "./told_text.ts";

/** Thrown where a fact is missing or too old. Not made anew: a stack trace takes long to make. */
export const UNKNOWN = new Error("a fact is unknown");

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** Sums over the sessions of one backend that began today. */
interface Today {
  kwh: number;
  minutes: number;
  sessions: number;
  /** Of those, how many are not running any more. */
  ended: number;
}

/**
 * The variables of the rules for one request; asking takes note of what was answered.
 *
 * Fifty rules ask a hundred times for one decision, and nearly always nobody wants to know what they
 * were told: then nothing is made of it, and what several of them ask is looked up once.
 */
export class RuleFacts {
  /** What was told, by what was asked; undefined: nobody wants to know. */
  told: Map<string, string> | undefined;
  /** What was asked in vain, as a clause. */
  missing: string | undefined;
  #local: LocalTime | undefined;
  #today: Today | undefined;
  /** Millionths; null: unknown. */
  #price: number | null | undefined;
  #cost: number | null | undefined;

  constructor(
    readonly state: State,
    readonly request: RuleRequest,
    readonly now: number,
  ) {}

  get backend(): string {
    return this.#tell("backend", this.request.backendId);
  }

  get role(): string {
    const role = this.state.backends.get(this.request.backendId)?.configuration.role;
    return this.#tell("role", role ?? "");
  }

  get action(): string {
    return this.#tell("action", this.request.action);
  }

  get id_tag(): string {
    const { idTag = "" } = this.request;
    this.told?.set("id_tag", `id_tag is ${masked(idTag)}`);
    return idTag;
  }

  get connector(): bigint {
    return this.#tell("connector", BigInt(this.request.connectorId ?? 0));
  }

  get status(): string {
    const { connectors } = this.state.charger;
    const id = this.request.connectorId || onlyConnector(connectors);
    return this.#tell("status", connectors.get(id ?? -1)?.status.status ?? "");
  }

  get hour(): bigint {
    return this.#tell("hour", BigInt(Math.floor(this.#clock().minuteOfDay / 60)));
  }

  get minute(): bigint {
    return this.#tell("minute", BigInt(this.#clock().minuteOfDay % 60));
  }

  get minute_of_day(): bigint {
    return BigInt(this.minuteOfDay());
  }

  get weekday(): bigint {
    return BigInt(this.dayOfWeek());
  }

  get session_kwh(): number {
    return this.#tell("session_kwh", (this.#running()?.energyWh ?? 0) / 1000);
  }

  get session_minutes(): number {
    const startedAt = this.#running()?.startedAt ?? this.now;
    return this.#tell("session_minutes", Math.max(0, this.now - startedAt) / 60_000);
  }

  get today_kwh(): number {
    return this.#tell("today_kwh", this.today().kwh);
  }

  get today_minutes(): number {
    return this.#tell("today_minutes", this.today().minutes);
  }

  get today_sessions(): bigint {
    return this.#tell("today_sessions", BigInt(this.today().sessions));
  }

  get price_per_kwh(): number {
    const { state, request, now } = this;
    if (this.#price === undefined) this.#price = priceNow(state, request.backendId, now) ?? null;
    return this.#money("price_per_kwh", this.#price);
  }

  get cost_per_kwh(): number {
    if (this.#cost === undefined) this.#cost = costNow(this.state, this.now) ?? null;
    return this.#money("cost_per_kwh", this.#cost);
  }

  minuteOfDay(): number {
    const { minuteOfDay } = this.#clock();
    this.told?.set("time", `it is ${minuteText(minuteOfDay)}`);
    return minuteOfDay;
  }

  dayOfWeek(): number {
    const { weekday } = this.#clock();
    this.told?.set("weekday", `it is ${DAYS[weekday - 1]}`);
    return weekday;
  }

  /** A fact that is fresh; throws UNKNOWN. */
  fact(name: string): ToldFact {
    const fact = factOf(this.state, name, this.now);
    if (fact === undefined) return this.#unknown(this.told && this.#lastHeard(name));
    this.told?.set(name, `${name} is ${short(fact.value)}${this.#since(fact)}`);
    return new ToldFact(name, fact);
  }

  isOn({ fact }: ToldFact): boolean {
    return presence(fact);
  }

  /** The value of a fact as a number; throws UNKNOWN. */
  number({ name, fact }: ToldFact): number {
    const number = decimal(fact.value);
    if (number === undefined) {
      return this.#unknown(this.told && `${name} is ${short(fact.value)}, which is no number`);
    }
    this.told?.set(name, `${name} is ${short(fact.value)}`);
    return number;
  }

  /** An attribute of a fact as text; throws UNKNOWN. */
  attribute({ name, fact }: ToldFact, key: string): string {
    const value = Object.hasOwn(fact.attributes, key) ? fact.attributes[key] : undefined;
    if (value === undefined || value === null || typeof value === "object") {
      return this.#unknown(this.told && `${key} of ${name} is unknown`);
    }
    const text = String(value);
    if (this.told !== undefined) {
      const label = `${key} of ${name}`;
      this.told.delete(name);
      this.told.set(label, `${label} is ${short(text)}`);
    }
    return text;
  }

  /** An attribute of a fact as a number; throws UNKNOWN. */
  attributeNumber(told: ToldFact, key: string): number {
    const text = this.attribute(told, key);
    const number = decimal(text);
    if (number === undefined) {
      return this.#unknown(
        this.told && `${key} of ${told.name} is ${short(text)}, which is no number`,
      );
    }
    return number;
  }

  today(): Today {
    if (this.#today !== undefined) return this.#today;
    const { dayStartsAt } = this.#clock();
    const today = { kwh: 0, minutes: 0, sessions: 0, ended: 0 };
    for (const session of this.state.sessions.values()) {
      const { startedAt, stoppedAt, energyWh, backendId } = session;
      if (startedAt < dayStartsAt || backendId !== this.request.backendId) continue;
      today.kwh += energyWh / 1000;
      today.minutes += Math.max(0, (stoppedAt ?? this.now) - startedAt) / 60_000;
      today.sessions++;
      if (stoppedAt !== null) today.ended++;
    }
    return this.#today = today;
  }

  #tell<Value extends string | number | bigint>(name: string, value: Value): Value {
    if (this.told !== undefined) {
      const text = typeof value === "number" ? rounded(value) : short(String(value));
      this.told.set(name, `${name} is ${text}`);
    }
    return value;
  }

  /** `clause`: what is unknown, if somebody wants to know. */
  #unknown(clause: string | undefined): never {
    this.missing = clause;
    throw UNKNOWN;
  }

  #since({ at, since }: Fact): string {
    if (at === Infinity) return "";
    return ` since ${clockText(since, this.now, this.state.configuration.timeZone)}`;
  }

  #lastHeard(name: string): string {
    const last = lastKnown(this.state, name);
    if (last === undefined) return `${name} is unknown`;
    const { timeZone } = this.state.configuration;
    return `${name} was last heard at ${clockText(last.at, this.now, timeZone)}`;
  }

  #money(name: string, micros: number | null): number {
    if (micros === null) {
      return this.#unknown(this.told && `${name} is unknown`);
    }
    this.told?.set(name, `${name} is ${micros / 1_000_000}`);
    return micros / 1_000_000;
  }

  #clock(): LocalTime {
    return this.#local ??= localTime(this.now, this.state.configuration.timeZone);
  }

  /** The backend's running session, on the connector in question where there are several. */
  #running(): SessionRecord | undefined {
    const { backendId, connectorId } = this.request;
    let own: SessionRecord | undefined;
    let here: SessionRecord | undefined;
    for (const id of this.state.open) {
      const session = this.state.sessions.get(id)!;
      if (session.backendId !== backendId) continue;
      own = session;
      if (session.connectorId === connectorId) here = session;
    }
    return here ?? own;
  }
}

/** The connector's number, if there is but one. */
function onlyConnector(connectors: ReadonlyMap<number, unknown>): number | undefined {
  let only: number | undefined;
  for (const id of connectors.keys()) {
    if (id === 0) continue;
    if (only !== undefined) return undefined;
    only = id;
  }
  return only;
}

function decimal(text: string): number | undefined {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?\s*$/i.test(text)
    ? Number(text)
    : undefined;
}
