// The query parameters of the routes: what each means, and reading them strictly.

import { type Outcome, OUTCOMES } from "../core/record.ts";
import { parsePeriod } from "./period.ts";

/** The highest `limit`. */
export const MAX_LIMIT = 1_000;

const FORMATS = ["json", "csv"] as const;

/** What a parameter is for, and its JSON schema. */
export const PARAMETERS = {
  since: {
    meaning: "A year, month, day (in the household's time zone) or instant; from its begin on.",
    schema: { type: "string" },
  },
  until: {
    meaning: "A year, month, day (included) or instant.",
    schema: { type: "string" },
  },
  backend: { meaning: "A backend's id; empty: the household's own.", schema: { type: "string" } },
  outcome: {
    meaning: "Only decisions that came to this.",
    schema: { type: "string", enum: OUTCOMES },
  },
  limit: {
    meaning: "At most so many.",
    schema: { type: "integer", minimum: 1, maximum: MAX_LIMIT },
  },
  after: { meaning: "The page after this one: its `next`.", schema: { type: "string" } },
  format: { meaning: "The form of the answer.", schema: { type: "string", enum: FORMATS } },
  show_id_tags: {
    meaning: "1: whole id tags, for tokens of the scope control.",
    schema: { type: "string", enum: ["0", "1"] },
  },
  last_event_id: {
    meaning: "The newest event that is known, where the header Last-Event-ID cannot be set.",
    schema: { type: "string" },
  },
} as const satisfies Record<string, { meaning: string; schema: Readonly<Record<string, unknown>> }>;

export type ParameterName = keyof typeof PARAMETERS;

/** A query, read. */
export interface Query {
  /** Epoch milliseconds. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  /** null: the household. */
  readonly backendId: string | null | undefined;
  readonly outcome: Outcome | undefined;
  readonly limit: number | undefined;
  readonly after: string | undefined;
  readonly format: (typeof FORMATS)[number] | undefined;
  readonly showIdTags: boolean;
  readonly lastEventId: string | undefined;
}

/** The sentence that says what is wrong with the query, or what it means. */
export function readQuery(
  query: URLSearchParams,
  allowed: readonly ParameterName[],
  timeZone: string,
): Query | string {
  const names: readonly string[] = [...allowed, "token"];
  for (const name of query.keys()) {
    if (!names.includes(name)) {
      return `there is no parameter ${JSON.stringify(name)}, only ${names.join(", ")}`;
    }
    if (query.getAll(name).length > 1) return `${name} is there twice`;
  }
  const text = (name: ParameterName) => query.get(name) ?? undefined;
  const [sinceText, untilText] = [text("since"), text("until")];
  const since = sinceText === undefined ? undefined : parsePeriod(sinceText, timeZone);
  const until = untilText === undefined ? undefined : parsePeriod(untilText, timeZone);
  if ((sinceText !== undefined && !since) || (untilText !== undefined && !until)) {
    return "since and until have to be a year (2024), month (2024-03), day (2024-03-15) or " +
      "instant (2024-03-15T08:00:00Z)";
  }
  const limit = text("limit");
  if (limit !== undefined && !(/^\d{1,4}$/.test(limit) && +limit >= 1 && +limit <= MAX_LIMIT)) {
    return `limit has to be a whole number from 1 to ${MAX_LIMIT}`;
  }
  const outcome = text("outcome");
  if (outcome !== undefined && !isOutcome(outcome)) {
    return `outcome has to be one of ${OUTCOMES.join(", ")}`;
  }
  const format = FORMATS.find((name) => name === text("format"));
  if (text("format") !== undefined && format === undefined) {
    return `format has to be ${FORMATS.join(" or ")}`;
  }
  const showIdTags = text("show_id_tags");
  if (showIdTags !== undefined && showIdTags !== "0" && showIdTags !== "1") {
    return "show_id_tags has to be 0 or 1";
  }
  const backend = text("backend");
  return {
    since: since?.start,
    until: until?.end,
    backendId: backend === "" ? null : backend,
    outcome,
    limit: limit === undefined ? undefined : Number(limit),
    after: text("after"),
    format,
    showIdTags: showIdTags === "1",
    lastEventId: text("last_event_id"),
  };
}

function isOutcome(text: string): text is Outcome {
  return OUTCOMES.some((outcome) => outcome === text);
}
