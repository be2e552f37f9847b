// The parts of a status report as short phrases, for the page and for the terminal.

import type { StatusView } from "./status_view.ts";

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
export function chargerWords({ charger }: StatusView, timeZone: string): string {
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
export function connectorWords(
  connector: StatusView["charger"]["connectors"][number],
  timeZone: string,
): string {
  const { connector_id, status, error_code, since } = connector;
  const error = error_code === "NoError" ? "" : ` (${error_code})`;
  const name = connector_id === 0 ? "charger as a whole" : `connector ${connector_id}`;
  return `${name}: ${status}${error} since ${localTime(since, timeZone)}`;
}

/** What the owner has chosen. */
export function modeWords({ mode: { mode, until } }: StatusView, timeZone: string): string {
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

/** Who holds control, and how long. */
export function holderWords({ holder }: StatusView, timeZone: string): string {
  if (holder === null) return "nobody";
  const begin = `${holder.backend_id} since ${localTime(holder.since, timeZone)}`;
  if (holder.transaction_id !== null) {
    return `${begin}, while transaction ${holder.transaction_id} runs`;
  }
  if (holder.expires === null) return begin;
  return `${begin}, until ${localTime(holder.expires, timeZone)} unless a transaction begins`;
}

/** A running session: energy, time, whose it is. */
export function sessionWords(session: StatusView["sessions"][number]): string {
  const { transaction_id, connector_id, backend_id, duration_s, energy_kwh, flags } = session;
  const oddities = flags.length === 0 ? "" : ` [${flags.join(", ")}]`;
  return `${transaction_id} on connector ${connector_id}: ${energy_kwh.toFixed(3)} kWh in ` +
    `${durationWords(duration_s)}, booked to ${backend_id ?? "the household"}${oddities}`;
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
