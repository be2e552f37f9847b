// The command `override`: tells the running proxy what the owner wants, and says what holds now.

import * as v from "valibot";
import { ANSWERED, OVERRIDE } from "../io/api_shapes.ts";
import { parsePeriod } from "../io/period.ts";
import { printable } from "../io/printable.ts";
import { readServerFile } from "../io/server_file.ts";
import { modeWords, ownerLimitWords } from "../io/status_words.ts";
import { askServer, failureText } from "./ask_server.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from "./exit_code.ts";
import type { OverrideFlags } from "./flags.ts";
import { readConfiguration } from "./read_configuration.ts";

/** What the owner says. */
export type Said =
  | { readonly type: "mode"; readonly mode: "auto" | "owner_only" | "paused" }
  | { readonly type: "give"; readonly backendId: string }
  /** A per phase; null takes the limit back. */
  | { readonly type: "limit"; readonly limitA: number | null }
  | { readonly type: "answer"; readonly id: number; readonly decision: "allow" | "deny" };

/** 0: said, and one sentence tells what holds now; 1: it could not be said; 2: it makes no sense. */
export async function override(
  said: Said,
  flags: OverrideFlags,
  context: CommandContext,
): Promise<number> {
  const fail = (reason: string, code = EXIT_FAILED) => {
    context.error(`ocpp-proxy: ${printable(reason)}`);
    return code;
  };
  const configuration = readConfiguration(flags.config, context);
  if (configuration === undefined) return EXIT_FAILED;
  const { core: { timeZone }, dataDir, api } = configuration;
  if (flags.for !== undefined && flags.until !== undefined) {
    return fail("expected --for or --until, not both", EXIT_USAGE);
  }
  const until = flags.until === undefined
    ? undefined
    : timeToCome(flags.until, timeZone, Date.now());
  if (flags.until !== undefined && until === undefined) {
    return fail(
      `--until ${flags.until}: expected a time to come, such as 18:00 or 2030-11-23T18:00`,
      EXIT_USAGE,
    );
  }
  const url = flags.url ?? readServerFile(dataDir)?.url;
  const absent = `no proxy runs with its data in ${dataDir}; start it with 'serve', ` +
    "or name another one by --url";
  if (url === undefined) return fail(absent);
  const answer = await askServer(url, {
    path: said.type === "answer" ? `/api/v1/requests/${said.id}` : "/api/v1/override",
    token: flags.token ?? api.tokens.find(({ scopes }) => scopes.has("control"))?.token,
    // The certificate of our own machine's proxy is for the name that others use.
    verifyTls: flags.url !== undefined,
    body: {
      ...wishOf(said),
      ...flags.for !== undefined && { for_s: flags.for },
      ...until !== undefined && { until: new Date(until).toISOString() },
    },
  });
  if (answer.type !== "json") {
    const nobody = answer.type === "unreachable" || answer.type === "stranger";
    return fail(flags.url === undefined && nobody ? absent : failureText(answer, url));
  }
  const sentence = whatHolds(answer.body, said, timeZone);
  if (sentence === undefined) {
    return fail(`what answers at ${url} is no ocpp-proxy of this version`);
  }
  context.out(`${printable(sentence)}\n`);
  return EXIT_DONE;
}

function wishOf(said: Said): Record<string, unknown> {
  switch (said.type) {
    case "mode":
      return { mode: said.mode };
    case "give":
      return { mode: "backend", backend_id: said.backendId };
    case "limit":
      return { limit_a: said.limitA };
    case "answer":
      return { decision: said.decision };
    default:
      return said satisfies never;
  }
}

/** Undefined: the answer has another shape. */
function whatHolds(body: unknown, said: Said, timeZone: string): string | undefined {
  if (said.type === "answer") {
    const answered = v.safeParse(ANSWERED, body);
    if (!answered.success) return undefined;
    const { id, decision, backend_id, rule, warning } = answered.output;
    return `request ${id}: ${backend_id} is ${PARTICIPLES[decision]} (rule '${rule}')` +
      warningWords(warning);
  }
  const read = v.safeParse(OVERRIDE, body);
  if (!read.success) return undefined;
  const { mode, backend_id, until, limit_a, limit_until, warning } = read.output;
  const words = modeWords({ mode: backend_id ?? mode, until }, timeZone);
  const limit = limit_a === null
    ? ""
    : `; ${ownerLimitWords({ current_a: limit_a, until: limit_until }, timeZone)}`;
  return words + limit + warningWords(warning);
}

function warningWords(warning: string | undefined): string {
  return warning === undefined ? "" : ` (${warning})`;
}

const PARTICIPLES = { allow: "allowed", deny: "denied" } as const;

/** Epoch milliseconds; undefined: no time, or one that has passed. */
export function timeToCome(text: string, timeZone: string, now: number): number | undefined {
  const time = /^\d{1,2}:\d{2}$/.test(text)
    ? nextTimeOfDay(text.padStart(5, "0"), timeZone, now)
    // A day alone has a begin and an end.
    : text.includes("T")
    ? parsePeriod(text, timeZone)?.start
    : undefined;
  return time !== undefined && time > now ? time : undefined;
}

function nextTimeOfDay(text: string, timeZone: string, now: number): number | undefined {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone);
  try {
    const time = Temporal.PlainTime.from(text);
    const at = today.withPlainTime(time);
    return (at.epochMilliseconds > now ? at : today.add({ days: 1 }).withPlainTime(time))
      .epochMilliseconds;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
