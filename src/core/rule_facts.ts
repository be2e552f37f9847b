// What rules can ask about one request, and what they were told: the words of the reason.

import { type Fact, factOf, lastKnown, presence } from "./fact.ts";
import { clockText, type LocalTime, localTime, minuteText } from "./local_time.ts";
import type { RuleRequest } from "./rules.ts";
import type { State } from "./state.ts";
import { costNow, priceNow } from "./tariff.ts";

/** Thrown where a fact is missing or too old. Not made anew: a stack trace takes long to make. */
export const UNKNOWN = new Error("a fact is unknown");

/** A fact together with its name. */
export interface ToldFact {
  readonly name: string;
  readonly fact: Fact;
}

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** The most of a value that stands in a reason, characters. */
const MAX_TOLD = 40;

/** Sums over the sessions of one backend that began today. */
interface Today {
  kwh: number;
  minutes: number;
  sessions: number;
  /** Of those, how many are not running any more. */
  ended: number;
}

/** The variables of the rules for one request; asking takes note of what was answered. */
export class RuleFacts {
  /** What was told, by what was asked; undefined: nobody wants to know. */
  told: Map<string, string> | undefined;
  /** What was asked in vain, as a clause. */
  missing: string | undefined;
  #local: LocalTime | undefined;
  #today: Today | undefined;

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
    this.tell("id_tag", () => `id_tag is ${masked(idTag)}`);
    return idTag;
  }

  get connector(): bigint {
    return this.#tell("connector", BigInt(this.request.connectorId ?? 0));
  }

  get status(): string {
    const { connectors } = this.state.charger;
    const ids = [...connectors.keys()].filter((id) => id > 0);
    const id = this.request.connectorId || (ids.length === 1 ? ids[0] : undefined);
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
    return this.#money("price_per_kwh", priceNow(state, request.backendId, now));
  }

  get cost_per_kwh(): number {
    return this.#money("cost_per_kwh", costNow(this.state, this.now));
  }

  minuteOfDay(): number {
    const { minuteOfDay } = this.#clock();
    this.tell("time", () => `it is ${minuteText(minuteOfDay)}`);
    return minuteOfDay;
  }

  dayOfWeek(): number {
    const { weekday } = this.#clock();
    this.tell("weekday", () => `it is ${DAYS[weekday - 1]}`);
    return weekday;
  }

  /** A fact that is fresh; throws UNKNOWN. */
  fact(name: string): ToldFact {
    const { state, now } = this;
    const fact = factOf(state, name, now);
    if (fact === undefined) return this.#unknown(() => this.#lastHeard(name));
    this.tell(name, () => {
      const since = fact.at === Infinity
        ? ""
        : ` since ${clockText(fact.since, now, state.configuration.timeZone)}`;
      return `${name} is ${short(fact.value)}${since}`;
    });
    return { name, fact };
  }

  isOn({ fact }: ToldFact): boolean {
    return presence(fact);
  }

  /** The value of a fact as a number; throws UNKNOWN. */
  number({ name, fact }: ToldFact): number {
    const number = decimal(fact.value);
    if (number === undefined) {
      return this.#unknown(() => `${name} is ${short(fact.value)}, which is no number`);
    }
    this.tell(name, () => `${name} is ${short(fact.value)}`);
    return number;
  }

  /** An attribute of a fact as text; throws UNKNOWN. */
  attribute({ name, fact }: ToldFact, key: string): string {
    const value = Object.hasOwn(fact.attributes, key) ? fact.attributes[key] : undefined;
    const label = `${key} of ${name}`;
    if (value === undefined || value === null || typeof value === "object") {
      return this.#unknown(() => `${label} is unknown`);
    }
    this.told?.delete(name);
    this.tell(label, () => `${label} is ${short(String(value))}`);
    return String(value);
  }

  /** An attribute of a fact as a number; throws UNKNOWN. */
  attributeNumber(told: ToldFact, key: string): number {
    const text = this.attribute(told, key);
    return decimal(text) ??
      this.#unknown(() => `${key} of ${told.name} is ${short(text)}, which is no number`);
  }

  today(): Today {
    if (this.#today !== undefined) return this.#today;
    const { dayStartsAt } = this.#clock();
    const today = { kwh: 0, minutes: 0, sessions: 0, ended: 0 };
    for (const session of this.state.sessions.values()) {
      const { startedAt, stoppedAt, energyWh, backendId } = session;
      if (backendId !== this.request.backendId || startedAt < dayStartsAt) continue;
      today.kwh += energyWh / 1000;
      today.minutes += Math.max(0, (stoppedAt ?? this.now) - startedAt) / 60_000;
      today.sessions++;
      if (stoppedAt !== null) today.ended++;
    }
    return this.#today = today;
  }

  /** Takes note of an answer, if somebody wants to know. */
  tell(asked: string, text: () => string): void {
    this.told?.set(asked, text());
  }

  #tell<Value extends string | number | bigint>(name: string, value: Value): Value {
    // Nearly always nobody wants to know, and then nothing is to be made.
    if (this.told !== undefined) {
      const text = typeof value === "number" ? rounded(value) : short(String(value));
      this.told.set(name, `${name} is ${text}`);
    }
    return value;
  }

  #unknown(text: () => string): never {
    if (this.told) this.missing = text();
    throw UNKNOWN;
  }

  #lastHeard(name: string): string {
    const last = lastKnown(this.state, name);
    if (last === undefined) return `${name} is unknown`;
    const { timeZone } = this.state.configuration;
    return `${name} was last heard at ${clockText(last.at, this.now, timeZone)}`;
  }

  #money(name: string, micros: number | undefined): number {
    if (micros === undefined) return this.#unknown(() => `${name} is unknown`);
    this.tell(name, () => `${name} is ${micros / 1_000_000}`);
    return micros / 1_000_000;
  }

  #clock(): LocalTime {
    return this.#local ??= localTime(this.now, this.state.configuration.timeZone);
  }

  /** The backend's running session, on the connector in question where there are several. */
  #running() {
    const { backendId, connectorId } = this.request;
    const own = [...this.state.open].map((id) => this.state.sessions.get(id)!)
      .filter((session) => session.backendId === backendId);
    return own.findLast((session) => session.connectorId === connectorId) ?? own.at(-1);
  }
}

function decimal(text: string): number | undefined {
  return /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,2})?\s*$/i.test(text)
    ? Number(text)
    : undefined;
}

/** At most two decimals. */
export function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function short(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, " ").trim();
  return clean.length > MAX_TOLD ? `${clean.slice(0, MAX_TOLD - 1)}…` : clean || "empty";
}

/** As in exports: enough to tell one's own tags apart, too little to copy one. */
function masked(idTag: string): string {
  if (idTag === "") return "empty";
  return idTag.length < 8 ? "******" : `${idTag.slice(0, 2)}******${idTag.slice(-2)}`;
}
