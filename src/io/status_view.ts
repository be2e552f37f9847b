// The status report as its readers take it: the page, and `status` that got it from a server.

import * as v from "valibot";
import { printable } from "./printable.ts";

/** Some of it was chosen by chargers and backends: nothing of it may steer a display. */
const text = v.pipe(v.string(), v.transform(printable));

/** A link to the house; absent or null: there is none. */
const homeLink = v.optional(
  v.nullable(v.object({
    connected: v.boolean(),
    since: v.nullable(text),
    problem: v.nullable(text),
  })),
  null,
);

/** The parts of a report that somebody shows. */
export const STATUS = v.object({
  charger: v.object({
    id: v.nullable(text),
    connected: v.boolean(),
    since: v.nullable(text),
    address: v.nullable(text),
    vendor: v.nullable(text),
    model: v.nullable(text),
    firmware: v.nullable(text),
    connectors: v.array(v.object({
      connector_id: v.number(),
      status: text,
      error_code: text,
      since: text,
    })),
  }),
  mode: v.object({ mode: text, until: v.nullable(text) }),
  owner_limit: v.nullable(v.object({ current_a: v.number(), until: v.nullable(text) })),
  limit: v.object({
    current_a: v.nullable(v.number()),
    by: v.nullable(text),
    until: v.nullable(text),
    applied: v.boolean(),
    problem: v.nullable(text),
    connectors: v.array(v.object({
      connector_id: v.number(),
      current_a: v.nullable(v.number()),
      by: v.nullable(text),
    })),
  }),
  holder: v.nullable(v.object({
    backend_id: text,
    since: text,
    transaction_id: v.nullable(v.number()),
    expires: v.nullable(text),
    limit: v.nullable(v.object({ current_a: v.number(), rule: text })),
  })),
  handover: v.nullable(v.object({ backend_id: text, from: text, reason: text })),
  queue: v.array(v.object({ backend_id: text, since: text })),
  questions: v.array(v.object({
    id: v.number(),
    backend_id: text,
    action: text,
    id_tag: v.nullable(text),
    id_tag_name: v.nullable(text),
    rule: text,
    reason: text,
    deadline: text,
    default: text,
  })),
  sessions: v.array(v.object({
    transaction_id: v.number(),
    connector_id: v.number(),
    backend_id: v.nullable(text),
    started_at: text,
    duration_s: v.number(),
    energy_kwh: v.number(),
    revenue: v.nullable(v.number()),
    currency: v.nullable(text),
    flags: v.array(text),
  })),
  backends: v.array(v.object({
    id: text,
    role: text,
    dials: text,
    connected: v.boolean(),
    protocol: v.nullable(text),
    registration: v.nullable(text),
    next_dial: v.nullable(text),
    problem: v.nullable(text),
    backlog: v.number(),
    set_aside: v.number(),
  })),
  decisions: v.array(v.object({
    time: text,
    backend_id: v.nullable(text),
    request: text,
    reason: text,
  })),
  /** Why the database takes no writes; absent or null: it does. */
  database_problem: v.optional(v.nullable(text), null),
  home_assistant: homeLink,
  mqtt: homeLink,
});

/** A report without the parts that nobody shows. */
export type StatusView = v.InferOutput<typeof STATUS>;

/** Reads a report; undefined where it is none. Steering characters have become `?`. */
export function statusView(report: unknown): StatusView | undefined {
  const read = v.safeParse(STATUS, report);
  return read.success ? read.output : undefined;
}
