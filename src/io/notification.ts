// What the owner is told on the phone, and the words of it.

import { decimalText } from "../core/money.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { NotificationKind } from "../config/configuration.ts";

/** Something for the owner; a later one with the same tag takes its place. */
export type Notification =
  | {
    readonly type: "tell";
    readonly kind: NotificationKind;
    readonly tag: string;
    readonly title: string;
    readonly message: string;
  }
  /** A question with two answers; nothing after `deadline`, epoch milliseconds. */
  | {
    readonly type: "ask";
    readonly tag: string;
    readonly title: string;
    readonly message: string;
    readonly questionId: number;
    readonly deadline: number;
  }
  /** What was said under this tag is over. */
  | { readonly type: "clear"; readonly tag: string };

/** One that only tells. */
export type Telling = Notification & { readonly type: "tell" };

/** The tag of a question. */
export function questionTag(id: number): string {
  return `ocpp-proxy-question-${id}`;
}

/** The end of a session, from the event `session` of the feed. */
export function sessionEnded(event: JsonObject): Telling {
  const { energy_kwh, duration_s, revenue, currency, backend_id, transaction_id } = event;
  const energy = `${Number(energy_kwh ?? 0).toFixed(2)} kWh`;
  const time = typeof duration_s === "number" ? ` in ${durationWords(duration_s)}` : "";
  const money = typeof revenue === "number"
    ? ` for ${decimalText(Math.round(revenue * 1_000_000))} ${currency ?? ""}`.trimEnd()
    : "";
  const whose = backend_id ?? "the household";
  return {
    type: "tell",
    kind: "session",
    tag: `ocpp-proxy-session-${transaction_id}`,
    title: "Charging has ended",
    message: `${energy}${time}${money}, booked to ${whose}.`,
  };
}

/** `45 min`, `2 h 05 min`. */
export function durationWords(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  return minutes < 60
    ? `${minutes} min`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** A question of the feed's event `question_opened`, or of the report. */
export function question(view: JsonObject): Notification {
  const { id, backend_id, action, reason, rule, deadline, id_tag_name } = view;
  const wish = action === "request_control" ? "control of the charger" : String(action);
  const card = typeof id_tag_name === "string" ? ` with the card '${id_tag_name}'` : "";
  return {
    type: "ask",
    tag: questionTag(Number(id)),
    title: `${backend_id} asks for ${wish}${card}`,
    message: `Rule '${rule}': ${reason}. Unless you answer: ${view.default}.`,
    questionId: Number(id),
    deadline: Temporal.Instant.from(String(deadline)).epochMilliseconds,
  };
}
