// The shape of every event that a recording may hold.

import * as v from "valibot";
import type { Event } from "../core/event.ts";
import { configurationShape } from "./configuration_shape.ts";
import { logEntryShape } from "./record_shape.ts";
import { type Describes, jsonObject, wholeNumber } from "./shape.ts";

const text = v.string();
const number = v.number();

function event<const Type extends string, Entries extends v.ObjectEntries>(
  type: Type,
  entries: Entries,
) {
  return v.object({ type: v.literal(type), ...entries });
}

/** Any event of the core. */
export const eventShape = v.variant("type", [
  event("started", {}),
  event("charger_connected", { connection: wholeNumber, chargePointId: text, remoteAddress: text }),
  event("charger_disconnected", { connection: wholeNumber, reason: text }),
  event("charger_frame", { connection: wholeNumber, text }),
  event("backend_connected", {
    backendId: text,
    connection: wholeNumber,
    protocol: v.picklist(["ocpp1.6", "json"]),
    remoteAddress: text,
  }),
  event("backend_disconnected", {
    backendId: text,
    connection: wholeNumber,
    reason: text,
    random: number,
  }),
  event("dial_failed", {
    backendId: text,
    reason: text,
    status: v.optional(number),
    random: number,
  }),
  event("backend_frame", { backendId: text, connection: wholeNumber, text }),
  event("backend_received", { backendId: text, connection: wholeNumber, sequence: wholeNumber }),
  event("stored", { token: wholeNumber, failure: v.optional(text) }),
  event("log_page", {
    backendId: text,
    after: wholeNumber,
    entries: v.optional(v.array(logEntryShape)),
  }),
  event("owner", {
    mode: v.variant("mode", [
      v.object({ mode: v.literal("auto") }),
      v.object({ mode: v.literal("owner_only") }),
      v.object({ mode: v.literal("paused") }),
      v.object({ mode: v.literal("backend"), backendId: text }),
    ]),
    until: v.optional(number),
  }),
  event("owner_limit", { currentA: v.optional(number), until: v.optional(number) }),
  event("owner_answer", { requestId: wholeNumber, allow: v.boolean() }),
  event("fact", {
    name: text,
    value: v.nullable(text),
    attributes: v.optional(jsonObject),
  }),
  event("configured", { configuration: configurationShape }),
  event("clock_set", { byMs: number }),
  event("tick", {}),
]);

true satisfies Describes<typeof eventShape, Event>;
