// What happens in a replay, a line each, on the household's clock.

import type { Event } from "../core/event.ts";
import { localTime } from "../core/local_time.ts";
import type { DecisionRecord } from "../core/record.ts";
import { printable } from "../io/printable.ts";
import type { Scene } from "./engine.ts";

/** The width of the names. */
const NAME_WIDTH = 10;

/** Writes scenes as text; a new day has a line of its own. */
export class SceneWriter {
  readonly #timeZone: string;
  #date = "";

  constructor(timeZone: string) {
    this.#timeZone = timeZone;
  }

  /** With line ends; empty: nothing that anybody wants to see. */
  text(scene: Scene): string {
    const line = sceneLine(scene, this.#timeZone);
    if (line === undefined) return "";
    const { date } = localTime(scene.at, this.#timeZone);
    const day = date === this.#date ? "" : `${date} (${this.#timeZone})\n`;
    this.#date = date;
    return `${day}${line}\n`;
  }
}

/** One scene as a line; undefined: nothing that anybody wants to see. */
export function sceneLine(scene: Scene, timeZone: string): string | undefined {
  const time = timeOfDay(scene.at, timeZone);
  const line = (name: string, words: string) =>
    printable(`${time}  ${name.padEnd(NAME_WIDTH)}${words}`);
  switch (scene.type) {
    case "received":
      return line(peerName(scene.backendId), `  > ${scene.text.trim()}`);
    case "sent":
      return line(peerName(scene.backendId), `  < ${scene.text}`);
    case "closed":
      return line(
        peerName(scene.backendId),
        `  x closed with code ${scene.code} ${scene.reason}`.trimEnd(),
      );
    case "decision":
      return line("decision", `  ${decisionWords(scene.decision)}`);
    case "defect":
      return line("defect", `  ${scene.error}`);
    case "event": {
      const words = eventWords(scene.event);
      return words === undefined ? undefined : line(words[0], `  - ${words[1]}`);
    }
  }
}

/** `charger`, or the backend's id. */
export function peerName(backendId: string | undefined): string {
  return backendId ?? "charger";
}

/** A decision as one line, without its time. */
export function decisionWords(
  { backendId, request, outcome, rule, reason }: DecisionRecord,
): string {
  const named = rule === null || reason.includes(`'${rule}'`) ? "" : ` (rule '${rule}')`;
  const begins = reason.startsWith(outcome) ? "" : `${outcome}: `;
  return `${backendId ?? "owner"} ${request}: ${begins}${reason}${named}`;
}

/** `18:02:07.040` on the household's clock. */
export function timeOfDay(at: number, timeZone: string): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const { minuteOfDay } = localTime(at, timeZone);
  const ms = ((at % 60_000) + 60_000) % 60_000;
  return `${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}:${
    two(Math.floor(ms / 1000))
  }.${String(ms % 1000).padStart(3, "0")}`;
}

/** Who, and what; undefined for what happens inside. */
function eventWords(event: Event): readonly [name: string, words: string] | undefined {
  switch (event.type) {
    case "started":
      return ["proxy", "started"];
    case "charger_connected":
      return ["charger", `connected as ${event.chargePointId} from ${event.remoteAddress}`];
    case "charger_disconnected":
      return ["charger", `disconnected: ${event.reason}`];
    case "backend_connected":
      return [event.backendId, `connected, ${event.protocol}, from ${event.remoteAddress}`];
    case "backend_disconnected":
      return [event.backendId, `disconnected: ${event.reason}`];
    case "dial_failed":
      return [event.backendId, `cannot be reached: ${event.reason}`];
    case "owner":
      return [
        "owner",
        `mode ${event.mode.mode === "backend" ? event.mode.backendId : event.mode.mode}`,
      ];
    case "owner_limit":
      return [
        "owner",
        event.currentA === undefined ? "no limit" : `at most ${event.currentA} A`,
      ];
    case "owner_answer":
      return ["owner", `${event.allow ? "allows" : "denies"} request ${event.requestId}`];
    case "fact":
      return ["fact", `${event.name} is ${event.value ?? "not known"}`];
    case "configured":
      return ["proxy", "the configuration was read again"];
    case "clock_set":
      return ["proxy", `the clock was set by ${event.byMs} ms`];
    case "stored":
      return event.failure === undefined
        ? undefined
        : ["proxy", `the database failed: ${event.failure}`];
    case "charger_frame":
    case "backend_frame":
    case "backend_received":
    case "log_page":
    case "tick":
      return undefined;
    default:
      event satisfies never;
  }
}
