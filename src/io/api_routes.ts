// The table of HTTP routes: for access, for what a query may hold, for the page and openapi.json.

import type { GenericSchema } from "valibot";
import type { ApiScope } from "../config/configuration.ts";
import type { ParameterName } from "./api_query.ts";
import {
  ANSWER_BODY,
  ANSWERED,
  BACKENDS,
  DECISIONS,
  FACT,
  FACT_BODY,
  FACTS,
  FIRST_OVERRIDE_BODY,
  OVERRIDE,
  OVERRIDE_BODY,
  QUESTIONS,
  SESSIONS,
} from "./api_shapes.ts";
import { STATUS } from "./status_view.ts";

/** A route as the page explains it. */
export interface Explained {
  readonly method: string;
  readonly path: string;
  readonly purpose: string;
}

/** What there is at a path for a method. */
export interface Route extends Explained {
  /** Unique; what it is handled by. */
  readonly name: string;
  readonly method: "GET" | "POST" | "PUT";
  /** With `<name>` for the parts that vary. */
  readonly path: string;
  /** What a token has to allow; absent: open to everybody. */
  readonly scope?: ApiScope;
  /** The parameters it takes; absent: the query is not looked at. */
  readonly query?: readonly ParameterName[];
  readonly body?: GenericSchema;
  /** What it answers with; a schema stands for JSON. */
  readonly answers: Readonly<Record<string, GenericSchema | "text">>;
  /** Statuses of its own beside 401, 403 and 429. */
  readonly problems?: readonly number[];
}

const FILTER = ["since", "until", "backend", "limit"] as const;

const JSON_TYPE = "application/json";

/** Every route. */
export const ROUTES = [
  {
    name: "page",
    method: "GET",
    path: "/",
    scope: "read",
    purpose: "This page.",
    answers: { "text/html": "text" },
  },
  {
    name: "status",
    method: "GET",
    path: "/status",
    scope: "read",
    purpose: "Charger, control, backends and decisions as JSON.",
    answers: { [JSON_TYPE]: STATUS },
  },
  {
    name: "first_sessions",
    method: "GET",
    path: "/sessions",
    scope: "read",
    purpose: "Sessions that have ended as JSON, the oldest first; narrowed down by since, until, " +
      "backend and limit. Id tags are masked unless show_id_tags=1.",
    query: [...FILTER, "show_id_tags"],
    answers: { [JSON_TYPE]: SESSIONS.entries.sessions },
    problems: [400, 503],
  },
  {
    name: "first_sessions_csv",
    method: "GET",
    path: "/sessions.csv",
    scope: "read",
    purpose: "The same for a spreadsheet.",
    query: [...FILTER, "show_id_tags"],
    answers: { "text/csv": "text" },
    problems: [400, 503],
  },
  {
    name: "first_override",
    method: "POST",
    path: "/override",
    scope: "control",
    purpose: 'Gives control to one backend, {"backend_id": "…"}; null goes back to auto. Or ' +
      '{"mode": "auto", "owner_only" or "paused"}. Both end by themselves at "until".',
    body: FIRST_OVERRIDE_BODY,
    answers: { [JSON_TYPE]: "text" },
    problems: [400, 404, 413, 415],
  },
  {
    name: "status",
    method: "GET",
    path: "/api/v1/status",
    scope: "read",
    purpose: "The same as /status.",
    query: [],
    answers: { [JSON_TYPE]: STATUS },
    problems: [400],
  },
  {
    name: "sessions",
    method: "GET",
    path: "/api/v1/sessions",
    scope: "read",
    purpose: "Sessions that have ended, the newest first, in pages: `next` of one is `after` of " +
      "the following one. format=csv for a spreadsheet, then with the next page as Link.",
    query: [...FILTER, "after", "format", "show_id_tags"],
    answers: { [JSON_TYPE]: SESSIONS, "text/csv": "text" },
    problems: [400, 503],
  },
  {
    name: "decisions",
    method: "GET",
    path: "/api/v1/decisions",
    scope: "read",
    purpose: "What was decided and why, the newest first, in pages.",
    query: [...FILTER, "outcome", "after"],
    answers: { [JSON_TYPE]: DECISIONS },
    problems: [400, 503],
  },
  {
    name: "backends",
    method: "GET",
    path: "/api/v1/backends",
    scope: "read",
    purpose: "The backends: connection, backlog, problem.",
    query: [],
    answers: { [JSON_TYPE]: BACKENDS },
    problems: [400],
  },
  {
    name: "questions",
    method: "GET",
    path: "/api/v1/requests",
    scope: "read",
    purpose: "What the owner is being asked.",
    query: [],
    answers: { [JSON_TYPE]: QUESTIONS },
    problems: [400],
  },
  {
    name: "answer",
    method: "POST",
    path: "/api/v1/requests/<id>",
    scope: "control",
    purpose: 'The owner\'s answer: {"decision": "allow" or "deny"}.',
    query: [],
    body: ANSWER_BODY,
    answers: { [JSON_TYPE]: ANSWERED },
    problems: [400, 404, 409, 413, 415],
  },
  {
    name: "override",
    method: "GET",
    path: "/api/v1/override",
    scope: "read",
    purpose: "What the owner has said: mode and limit, and until when.",
    query: [],
    answers: { [JSON_TYPE]: OVERRIDE },
    problems: [400],
  },
  {
    name: "set_override",
    method: "POST",
    path: "/api/v1/override",
    scope: "control",
    purpose: 'The owner\'s word: {"mode": "auto", "owner_only", "paused" or "backend"} with ' +
      '"backend_id", or {"limit_a": …} for everybody, or both; "until" or "for_s" ends it. null ' +
      "or auto takes the limit back.",
    query: [],
    body: OVERRIDE_BODY,
    answers: { [JSON_TYPE]: OVERRIDE },
    problems: [400, 404, 413, 415],
  },
  {
    name: "facts",
    method: "GET",
    path: "/api/v1/facts",
    scope: "read",
    purpose: "What is known of the house: value, age, and which rules use it.",
    query: [],
    answers: { [JSON_TYPE]: FACTS },
    problems: [400],
  },
  {
    name: "set_fact",
    method: "PUT",
    path: "/api/v1/facts/<name>",
    scope: "control",
    purpose: 'Tells one: {"value": text, number, true, false or null}, and "attributes".',
    query: [],
    body: FACT_BODY,
    answers: { [JSON_TYPE]: FACT },
    problems: [400, 404, 413, 415],
  },
  {
    name: "events",
    method: "GET",
    path: "/api/v1/events",
    scope: "read",
    purpose: "What happens, as it happens: Server-Sent Events. Id tags are masked. After " +
      "`missed`, more has happened than is kept.",
    query: ["last_event_id"],
    answers: { "text/event-stream": "text" },
    problems: [400, 503],
  },
  {
    name: "openapi",
    method: "GET",
    path: "/api/v1/openapi.json",
    scope: "read",
    purpose: "This interface as OpenAPI 3.1.",
    query: [],
    answers: { [JSON_TYPE]: "text" },
    problems: [400],
  },
  {
    name: "metrics",
    method: "GET",
    path: "/metrics",
    scope: "read",
    purpose: "Connections, backlogs, control, limit and running sessions for Prometheus.",
    answers: { "text/plain": "text" },
  },
  {
    name: "healthz",
    method: "GET",
    path: "/healthz",
    purpose: "200 while the program is alive.",
    answers: { "text/plain": "text" },
  },
  {
    name: "readyz",
    method: "GET",
    path: "/readyz",
    purpose: "200 while the database takes writes, else 503.",
    answers: { "text/plain": "text" },
    problems: [503],
  },
] as const satisfies readonly Route[];

/** What handles routes; two paths may share one. */
export type RouteName = (typeof ROUTES)[number]["name"];

/** Where WebSockets are opened. */
export const ENDPOINTS: readonly Explained[] = [
  {
    method: "WS",
    path: "/charger",
    purpose: "The charger, by OCPP 1.6 JSON; its identity may follow: /charger/<identity>.",
  },
  {
    method: "WS",
    path: "/backend/<id>",
    purpose: "Backends that dial in, by OCPP 1.6 JSON or the simple JSON protocol.",
  },
];
