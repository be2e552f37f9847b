// What the routes of /api/v1 take and give, as schemas: for checking, and for openapi.json.

import * as v from "valibot";
import { MAX_FACT_LENGTH } from "../core/fact.ts";

/** The highest limit that the owner can set, A per phase; as `charger.max_current_a`. */
const MAX_LIMIT_A = 80;

/** The longest `for_s`: a year. */
const MAX_FOR_S = 366 * 86_400;

/** The longest attributes of a fact, characters of JSON. */
const MAX_ATTRIBUTES_LENGTH = 8 * 1024;

const time = v.pipe(v.string(), v.description("ISO 8601, UTC"));

const current = v.pipe(
  v.number(),
  v.minValue(0, `expected a number from 0 to ${MAX_LIMIT_A}`),
  v.maxValue(MAX_LIMIT_A, `expected a number from 0 to ${MAX_LIMIT_A}`),
  v.description("A per phase"),
);

/** `POST /override`: as the first ocpp-proxy took it, and the other modes. */
export const FIRST_OVERRIDE_BODY = v.strictObject({
  backend_id: v.optional(v.pipe(v.nullable(v.string()), v.description('null or "auto": auto'))),
  mode: v.optional(v.picklist(["auto", "owner_only", "paused"])),
  until: v.optional(v.nullable(v.string())),
});

/** `POST /api/v1/override`. */
export const OVERRIDE_BODY = v.strictObject({
  mode: v.optional(v.picklist(["auto", "owner_only", "paused", "backend"])),
  backend_id: v.optional(v.pipe(v.string(), v.description("with the mode backend"))),
  limit_a: v.optional(v.nullable(current)),
  until: v.optional(v.pipe(v.string(), v.description("a time to come, ISO 8601 with its offset"))),
  for_s: v.optional(
    v.pipe(
      v.number(),
      v.integer("expected whole seconds"),
      v.minValue(1, `expected 1 to ${MAX_FOR_S}`),
      v.maxValue(MAX_FOR_S, `expected 1 to ${MAX_FOR_S}`),
    ),
  ),
});

/** `POST /api/v1/requests/<id>`. */
export const ANSWER_BODY = v.strictObject({ decision: v.picklist(["allow", "deny"]) });

/** `PUT /api/v1/facts/<name>`. */
export const FACT_BODY = v.strictObject({
  value: v.pipe(
    v.nullable(
      v.union([
        v.pipe(v.string(), v.maxLength(MAX_FACT_LENGTH, `at most ${MAX_FACT_LENGTH} characters`)),
        v.number(),
        v.boolean(),
      ]),
    ),
    v.description("null: its source cannot tell it now; the last one stays and grows old"),
  ),
  attributes: v.optional(
    v.pipe(
      v.unknown(),
      // To valibot a list is a record as well.
      v.check((attributes) => !Array.isArray(attributes), "an object, not a list"),
      v.record(v.string(), v.unknown()),
      v.check(
        (attributes) => JSON.stringify(attributes).length <= MAX_ATTRIBUTES_LENGTH,
        `at most ${MAX_ATTRIBUTES_LENGTH} characters`,
      ),
    ),
  ),
});

/** What the owner has said, as it holds now. */
export const OVERRIDE = v.object({
  mode: v.picklist(["auto", "owner_only", "paused", "backend"]),
  backend_id: v.nullable(v.string()),
  until: v.nullable(time),
  limit_a: v.nullable(v.number()),
  limit_until: v.nullable(time),
  warning: v.optional(v.string()),
});

/** A question to the owner. */
export const QUESTION = v.object({
  id: v.number(),
  backend_id: v.string(),
  action: v.string(),
  connector_id: v.nullable(v.number()),
  id_tag: v.pipe(v.nullable(v.string()), v.description("masked")),
  id_tag_name: v.nullable(v.string()),
  rule: v.string(),
  reason: v.string(),
  asked_at: time,
  deadline: time,
  default: v.picklist(["allow", "deny"]),
});

export const QUESTIONS = v.object({ requests: v.array(QUESTION) });

/** What an answer to a question comes to. */
export const ANSWERED = v.object({
  id: v.number(),
  decision: v.picklist(["allow", "deny"]),
  backend_id: v.string(),
  rule: v.string(),
  warning: v.optional(v.string()),
});

export const DECISIONS = v.object({
  decisions: v.array(v.object({
    id: v.number(),
    time,
    backend_id: v.pipe(v.nullable(v.string()), v.description("null: the owner")),
    request: v.string(),
    outcome: v.string(),
    rule: v.pipe(v.nullable(v.string()), v.description("the household's rule that decided")),
    reason: v.string(),
  })),
  next: v.pipe(v.nullable(v.string()), v.description("`after` of the next page; null: no more")),
});

export const SESSIONS = v.object({
  sessions: v.array(v.looseObject({
    timestamp: v.nullable(v.string()),
    backend_id: v.nullable(v.string()),
    duration_s: v.nullable(v.number()),
    energy_kwh: v.number(),
    transaction_id: v.number(),
    connector_id: v.number(),
    id_tag: v.string(),
    started_at: v.string(),
    stopped_at: v.nullable(v.string()),
    applied: v.pipe(
      v.array(v.looseObject({ to: v.picklist(["revenue", "cost"]), tariff: v.string() })),
      v.description("the prices that something was billed by"),
    ),
  })),
  next: v.pipe(v.nullable(v.string()), v.description("`after` of the next page; null: no more")),
});

export const BACKENDS = v.object({ backends: v.array(v.looseObject({ id: v.string() })) });

/** A fact and its age. */
export const FACT = v.object({
  name: v.string(),
  value: v.nullable(v.string()),
  attributes: v.record(v.string(), v.unknown()),
  state: v.pipe(
    v.picklist(["known", "stale", "unknown"]),
    v.description("a stale one counts as unknown"),
  ),
  at: v.nullable(time),
  since: v.nullable(time),
  age_s: v.nullable(v.number()),
  used_by: v.array(v.string()),
});

export const FACTS = v.object({ facts: v.array(FACT) });
