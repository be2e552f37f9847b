// The JSON text of a log entry's payload, written once: for the database and for every backend.

import { type JsonObject, stringifyJson } from "../ocpp/json.ts";

const texts = new WeakMap<JsonObject, string>();

/** The payload as JSON; it must not change any more. */
export function payloadText(payload: JsonObject): string {
  let text = texts.get(payload);
  if (text === undefined) {
    text = stringifyJson(payload);
    texts.set(payload, text);
  }
  return text;
}
