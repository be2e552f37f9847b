// The parts of a status report as short phrases, for the page and for the terminal.

import { decimalText } from "../core/money.ts";
import type { StatusView } from "./status_view.ts";

/** What is so now, as named lines; an unnamed one belongs to the one above it. */
export function stateLines(
  view: StatusView,
  timeZone: string,
): readonly (readonly [name: string, words: string])[] {
  return [
    ["Charger", chargerWords(view, timeZone)],
    ...view.charger.connectors.map((connector) =>
      ["", connectorWords(connector, timeZone)] as const
    ),
    ["Mode", modeWords(view.mode, timeZone)],
    ...view.owner_limit ? [["", ownerLimitWords(view.owner_limit, timeZone)] as const] : [],
    ...limitLines(view, timeZone),
    ["Control", holderWords(view, timeZone)],
    ...view.handover ? [["", handoverWords(view.handover)] as const] : [],
    ...view.queue.map(({ backend_id, since }) =>
      ["", `waiting: ${backend_id} since ${localTime(since, timeZone)}`] as const
    ),
    ...view.questions.map((question) => ["Asked", questionWords(question, timeZone)] as const),
    ...view.sessions.map((session) => ["Session", sessionWords(session)] as const),
    ...view.home_assistant
      ? [["House", homeWords("Home Assistant", view.home_assistant)] as const]
      : [],
    ...view.mqtt ? [["House", homeWords("MQTT broker", view.mqtt)] as const] : [],
  ];
}

/** `2024-03-15 09:00:02` in this IANA time zone; a text that is no time as it is. */
export function localTime(time: string, timeZone: string): string {
  try {
    return Temporal.Instant.from(time).toZonedDateTimeISO(timeZone).toPlainDateTime()
      .toString({ smallestUnit: "second" }).replace("T", " ");
  } catch {
    return time;
  }
}

/** Whole minutes, so that a display does not change every second. */
export function durationWords(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** Who the charger is, and since when it is there. */
function chargerWords({ charger }: StatusView, timeZone: string): string {
  if (charger.id === null) return "none has connected yet";
  const kind = [charger.vendor, charger.model].filter((part) => part !== null).join(" ");
  const firmware = charger.firmware === null ? [] : [`firmware ${charger.firmware}`];
  const details = [...kind === "" ? [] : [kind], ...firmware].join(", ");
  const name = details === "" ? charger.id : `${charger.id} (${details})`;
  return charger.connected && charger.since !== null
    ? `${name}, connected since ${localTime(charger.since, timeZone)} from ${charger.address}`
    : `${name}, not connected`;
}

/** One connector; its error only where there is one. */
function connectorWords(
  connector: StatusView["charger"]["connectors"][number],
  timeZone: string,
): string {
  const { connector_id, status, error_code, since } = connector;
  const error = error_code === "NoError" ? "" : ` (${error_code})`;
  const name = connector_id === 0 ? "charger as a whole" : `connector ${connector_id}`;
  return `${name}: ${status}${error} since ${localTime(since, timeZone)}`;
}

/** What the owner has chosen. */
export function modeWords({ mode, until }: StatusView["mode"], timeZone: string): string {
  const end = until === null ? "" : `, until ${localTime(until, timeZone)}`;
  switch (mode) {
    case "auto":
      return "auto: backends may take control";
    case "owner_only":
      return `owner only: sharing is off${end}`;
    case "paused":
      return `paused: nobody charges${end}`;
    default:
      return `${mode} alone${end}`;
  }
}

/** What the owner allows everybody. */
export function ownerLimitWords(
  { current_a, until }: { current_a: number; until: string | null },
  timeZone: string,
): string {
  const end = until === null ? "" : `, until ${localTime(until, timeZone)}`;
  return `at most ${current_a} A for everybody${end}`;
}

/** What the charger is allowed now, in whose name, and whether it has confirmed that. */
function limitLines({ limit }: StatusView, timeZone: string): (readonly [string, string])[] {
  const { connectors, until, problem } = limit;
  const parts = [
    { where: "", ...limit },
    ...connectors.map((part) => ({ where: ` on connector ${part.connector_id}`, ...part })),
  ].flatMap(({ where, current_a, by }) =>
    current_a === null ? [] : [`${current_a} A${where} (${by})`]
  );
  if (parts.length === 0) return problem === null ? [] : [["Limit", `none, but ${problem}`]];
  const end = until === null ? "" : `, changes at ${localTime(until, timeZone)}`;
  const state = limit.applied ? "" : `; not in effect: ${problem}`;
  return [["Limit", `at most ${parts.join(", ")}${end}${state}`]];
}

/** Who holds control, and how long. */
function holderWords({ holder }: StatusView, timeZone: string): string {
  if (holder === null) return "nobody";
  const cap = holder.limit === null
    ? ""
    : ` with at most ${holder.limit.current_a} A (rule '${holder.limit.rule}')`;
  const begin = `${holder.backend_id}${cap} since ${localTime(holder.since, timeZone)}`;
  if (holder.transaction_id !== null) {
    return `${begin}, while transaction ${holder.transaction_id} runs`;
  }
  if (holder.expires === null) return begin;
  return `${begin}, until ${localTime(holder.expires, timeZone)} unless a transaction begins`;
}

/** Who is about to take over. */
function handoverWords({ backend_id, from, reason }: NonNullable<StatusView["handover"]>): string {
  return `${backend_id} takes over when the transaction of ${from} has ended (${reason})`;
}

/** What somebody wants who asks with these actions. */
const WISHES: Readonly<Record<string, string>> = {
  Authorize: "wants to charge",
  RemoteStartTransaction: "wants to start charging",
  request_control: "wants control",
};

/** What the owner is asked, and what happens without an answer. */
export function questionText(
  question: StatusView["questions"][number],
  timeZone: string,
): string {
  const { backend_id, action, id_tag, id_tag_name, rule, reason, deadline } = question;
  const name = id_tag_name === null ? "" : `, ${id_tag_name}`;
  const tag = id_tag === null ? "" : ` with id tag ${id_tag}${name}`;
  const wish = WISHES[action] ?? `asks for ${action}`;
  return `${backend_id} ${wish}${tag}. Rule '${rule}' — ${reason}; ` +
    `${question.default === "deny" ? "denied" : "allowed"} at ${localTime(deadline, timeZone)}`;
}

/** The same, and how to answer. */
function questionWords(question: StatusView["questions"][number], timeZone: string): string {
  const { id } = question;
  return `#${id}: ${questionText(question, timeZone)} unless you say ` +
    `ocpp-proxy override allow ${id} (or deny ${id})`;
}

/** Whether a system of the house is there. */
function homeWords(name: string, { connected, problem }: NonNullable<StatusView["mqtt"]>): string {
  return connected ? `${name}: connected` : `${name}: not connected (${problem ?? "not yet"})`;
}

/** A running session: energy, time, whose it is. */
function sessionWords(session: StatusView["sessions"][number]): string {
  const { transaction_id, connector_id, backend_id, duration_s, energy_kwh, flags } = session;
  const { revenue, currency } = session;
  const amount = revenue === null ? "" : decimalText(Math.round(revenue * 1_000_000));
  const money = revenue === null ? "" : ` for ${amount} ${currency ?? ""}`.trimEnd();
  const oddities = flags.length === 0 ? "" : ` [${flags.join(", ")}]`;
  return `${transaction_id} on connector ${connector_id}: ${energy_kwh.toFixed(3)} kWh in ` +
    `${durationWords(duration_s)}${money}, booked to ${backend_id ?? "the household"}${oddities}`;
}

/** The state of a backend's connection. */
export function linkWords(backend: StatusView["backends"][number], timeZone: string): string {
  const { connected, protocol, registration, next_dial, dials } = backend;
  if (connected) {
    if (protocol === "json") return "connected, JSON";
    return registration === null || registration === "accepted"
      ? "connected"
      : `connected, ${registration}`;
  }
  if (next_dial !== null) return `dials again at ${localTime(next_dial, timeZone)}`;
  return dials === "out" ? "dialling" : "not connected";
}
