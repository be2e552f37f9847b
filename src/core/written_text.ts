// What the charger wrote in a message, as text: by it alone a repetition is known.

import { parseFrame } from "../ocpp/frame.ts";
import { type JsonObject, stringifyJson } from "../ocpp/json.ts";
import { parseTime } from "../ocpp/time.ts";
import { payloadText } from "./payload_text.ts";
import type { LogEntry } from "./record.ts";

const texts = new WeakMap<JsonObject, string>();

/**
 * The same for every repetition, however its times are read by then. Without a single time the same
 * values may be new ones: only the message id tells.
 */
export function writtenText({ payload, raw }: Pick<LogEntry, "payload" | "raw">): string {
  if (raw === undefined) return payloadText(payload);
  let text = texts.get(payload);
  if (text === undefined) {
    text = textOf(raw) ?? payloadText(payload);
    texts.set(payload, text);
  }
  return text;
}

function textOf(raw: string): string | undefined {
  const frame = parseFrame(raw);
  if (frame.type !== "call") return undefined;
  const { transactionId: _, ...written } = frame.payload;
  return stringifyJson(hasTime(written) ? written : [frame.id, written]);
}

/** Whether a message of a transaction says when anything happened. */
function hasTime({ timestamp, meterValue }: JsonObject): boolean {
  const values = Array.isArray(meterValue) ? meterValue : [meterValue];
  return [timestamp, ...values.map((value) => (value as JsonObject | null | undefined)?.timestamp)]
    .some((text) => typeof text === "string" && parseTime(text) !== undefined);
}
