// Why something was decided at a time: the state then, the facts, and the decisions around it.

import type { RuleConfiguration } from "../core/configuration.ts";
import { factReport } from "../core/fact_report.ts";
import { localTime, minuteText } from "../core/local_time.ts";
import type { DecisionRecord } from "../core/record.ts";
import { statusReport } from "../core/status_report.ts";
import type { State } from "../core/step.ts";
import { stateLines } from "../io/status_words.ts";
import { statusView } from "../io/status_view.ts";
import type { Scene } from "./engine.ts";
import { decisionWords, timeOfDay } from "./scene_text.ts";

/** Decisions so long before and after are told too, ms. */
const AROUND_MS = 600_000;

/** Decisions that are told of each of the three times. */
const MAX_TOLD = 20;

/** The width of the names at the left. */
const NAME_WIDTH = 10;

/** A stretch of time that is asked about, epoch milliseconds. */
export interface Moment {
  readonly from: number;
  readonly to: number;
  /** When the clock shows the same once more, as in an hour that comes twice. */
  readonly again?: number;
}

const TIME_OF_DAY = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/;

/**
 * `14:03`, a minute, or `14:03:20`, a second, in a recording that begins at `start`: the first
 * time that the household's clock shows it. A date may stand before it, with a T or a space, and an
 * offset or Z behind it then. undefined: it is no time.
 */
export function momentOf(text: string, start: number, timeZone: string): Moment | undefined {
  const [, date, time = "", offset] =
    /^(?:(\d{4}-\d\d-\d\d)[T ])?([\d:]+)(Z|[+-]\d\d:\d\d)?$/.exec(text.trim()) ?? [];
  const [, hour, minute, second] = TIME_OF_DAY.exec(time) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  if (offset !== undefined && date === undefined) return undefined;
  const lengthMs = second === undefined ? 60_000 : 1_000;
  const clock = Temporal.PlainTime.from({
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second ?? 0),
  });
  try {
    const day = Temporal.PlainDate.from(date ?? localTime(start, timeZone).date);
    if (offset !== undefined) {
      const from = Temporal.Instant.from(`${day}T${clock}${offset}`).epochMilliseconds;
      return { from, to: from + lengthMs };
    }
    const shown = (daysLater: number, disambiguation: "compatible" | "later") =>
      day.add({ days: daysLater }).toPlainDateTime(clock)
        .toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds;
    const days = date === undefined && shown(0, "compatible") + lengthMs <= start ? 1 : 0;
    const from = shown(days, "compatible");
    const again = shown(days, "later");
    return { from, to: from + lengthMs, ...again !== from && { again } };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** `2026-01-31 14:03`, with the seconds where there are any. */
export function momentText(at: number, timeZone: string): string {
  const time = timeOfDay(at, timeZone).slice(0, 8);
  return `${localTime(at, timeZone).date} ${time.endsWith(":00") ? time.slice(0, 5) : time}`;
}

/** The same as it may be asked for, with its offset from UTC. */
function offsetText(at: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone)
    .toString({ smallestUnit: "second", timeZoneName: "never" });
}

/** Watches a play and tells. */
export class Explanation {
  readonly #moment: Moment;
  readonly #timeZone: string;
  readonly #earlier: DecisionRecord[] = [];
  readonly #then: { readonly decision: DecisionRecord; readonly state: readonly string[] }[] = [];
  readonly #later: DecisionRecord[] = [];
  /** The state at the moment's beginning. */
  #state: readonly string[] | undefined;
  /** The state before the present event. */
  #before: readonly string[] = [];
  #rules: readonly RuleConfiguration[] = [];

  constructor(moment: Moment, timeZone: string) {
    this.#moment = moment;
    this.#timeZone = timeZone;
  }

  /** Before each event; false: enough has been seen. */
  before(state: State, at: number): boolean {
    const { from, to } = this.#moment;
    if (at >= from && (this.#state === undefined || at < to)) {
      this.#rules = state.configuration.rules;
      this.#before = this.#stateLines(state, at);
      this.#state ??= this.#before;
    }
    return at < to + AROUND_MS;
  }

  show(scene: Scene): void {
    if (scene.type !== "decision") return;
    const { from, to } = this.#moment;
    const { decision, at } = scene;
    if (at < from - AROUND_MS) return;
    if (at < from) {
      this.#earlier.push(decision);
      if (this.#earlier.length > MAX_TOLD) this.#earlier.shift();
    } else if (at < to) {
      if (this.#then.length < MAX_TOLD) this.#then.push({ decision, state: this.#before });
    } else if (this.#later.length < MAX_TOLD) {
      this.#later.push(decision);
    }
  }

  /** What was found; `last`: the state at the end of the recording. */
  text(last: State | undefined, end: number): string {
    const { from, again } = this.#moment;
    const after = this.#state === undefined
      ? `, after the end of the recording at ${momentText(end, this.#timeZone)}`
      : "";
    const state = this.#state ?? (last ? this.#stateLines(last, end) : []);
    const lines = [
      `${momentText(from, this.#timeZone)} (${this.#timeZone})${after}`,
      ...again === undefined
        ? []
        : [`The clock shows this twice; then: ${offsetText(again, this.#timeZone)}`],
      "",
      ...state,
      "",
      ...this.#then.length === 0 ? ["Nothing was decided then."] : ["Decided then"],
      ...this.#then.flatMap((item) => this.#told(item, state)),
      ...this.#list("Before", this.#earlier),
      ...this.#list("After", this.#later),
    ];
    return `${lines.join("\n")}\n`;
  }

  #told(
    { decision, state }: { decision: DecisionRecord; state: readonly string[] },
    known: readonly string[],
  ): string[] {
    const rule = this.#rules.find(({ name }) => name === decision.rule);
    const changed = state.filter((line) => !known.includes(line));
    return [
      `  ${this.#line(decision)}`,
      ...rule ? [`    rule '${rule.name}': ${ruleWords(rule)}`] : [],
      ...changed.map((line) => `    then: ${line.trim()}`),
    ];
  }

  #list(title: string, decisions: readonly DecisionRecord[]): string[] {
    if (decisions.length === 0) return [];
    return ["", title, ...decisions.map((decision) => `  ${this.#line(decision)}`)];
  }

  #line(decision: DecisionRecord): string {
    return `${timeOfDay(decision.at, this.#timeZone).slice(0, 8)}  ${decisionWords(decision)}`;
  }

  #stateLines(state: State, at: number): string[] {
    const view = statusView(statusReport(state, at));
    if (view === undefined) throw new Error("the status report has another form");
    const lines = stateLines(view, this.#timeZone).map(([name, words]) => named(name, words));
    const { lease } = state.control;
    if (lease?.rule !== undefined) lines.push(named("", `by rule '${lease.rule}'`));
    return [...lines, ...factReport(state, at).map((fact, index) => factLine(fact, index === 0))];
  }
}

function factLine(fact: ReturnType<typeof factReport>[number], first: boolean): string {
  const { name, value, state, age_s: ageS, used_by: users } = fact;
  const age = typeof ageS === "number" ? `, heard ${ageS} s before` : "";
  const names = Array.isArray(users) && users.length > 0 ? `; for ${users.join(", ")}` : "";
  const told = state === "unknown" ? "unknown" : `${value} (${state}${age})`;
  return named(first ? "Facts" : "", `${name}: ${told}${names}`);
}

/** The conditions of a rule as they stand in the configuration, and what it does. */
function ruleWords(rule: RuleConfiguration): string {
  const { name: _, then, when, backends, hours, weekdays, presenceSensor, currentA } = rule;
  const conditions = [
    ...when === undefined ? [] : [when],
    ...backends === undefined ? [] : [`backends ${backends.join(", ")}`],
    ...hours === undefined
      ? []
      : [`hours ${minuteText(hours.fromMinute)}-${minuteText(hours.toMinute)}`],
    ...weekdays === undefined ? [] : [`weekdays ${[...weekdays].join(", ")}`],
    ...presenceSensor === undefined ? [] : [`presence_sensor ${presenceSensor}`],
    ...rule.maxEnergyKwhPerDay === undefined
      ? []
      : [`max_energy_kwh_per_day ${rule.maxEnergyKwhPerDay}`],
    ...rule.maxSessionsPerDay === undefined
      ? []
      : [`max_sessions_per_day ${rule.maxSessionsPerDay}`],
  ];
  const does = then === "limit" ? `limit to ${currentA} A` : then;
  return `${conditions.length === 0 ? "always" : conditions.join(" and ")}: ${does}`;
}

function named(name: string, words: string): string {
  return `${name.padEnd(NAME_WIDTH)}${words}`;
}
