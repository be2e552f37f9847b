// The owner's word over HTTP: mode and limit, and the form that the first ocpp-proxy took it in.

import type * as v from "valibot";
import type { OwnerMode } from "../core/event.ts";
import { jsonAnswer, problemAnswer } from "./api_answer.ts";
import { readBody } from "./api_body.ts";
import { FIRST_OVERRIDE_BODY, OVERRIDE_BODY } from "./api_shapes.ts";
import type { Proxy } from "./proxy.ts";

/** What the owner says; what is absent stays. */
interface Word {
  readonly mode?: OwnerMode;
  /** A per phase; null takes the limit back. */
  readonly limitA?: number | null;
  /** When what is said ends by itself, epoch milliseconds. */
  readonly until?: number;
}

/** A word, or why it is none. */
type Understood =
  | { readonly ok: true; readonly word: Word }
  | { readonly ok: false; readonly status: 400 | 404; readonly reason: string };

/** `GET /api/v1/override`. */
export function currentOverride(proxy: Proxy): Response {
  const { mode: { mode, until }, owner_limit: limit } = proxy.report();
  const named = mode === "auto" || mode === "owner_only" || mode === "paused";
  return jsonAnswer({
    mode: named ? mode : "backend",
    backend_id: named ? null : mode,
    until,
    limit_a: limit?.current_a ?? null,
    limit_until: limit?.until ?? null,
  });
}

/** `POST /api/v1/override`: answers as GET; 400, 404, 413 and 415 change nothing. */
export async function setOverride(request: Request, proxy: Proxy): Promise<Response> {
  const body = await readBody(request, OVERRIDE_BODY);
  if (!body.ok) return body.refusal;
  const understood = wordOf(body.value, proxy);
  if (!understood.ok) return refusal(understood);
  say(understood.word, proxy);
  return currentOverride(proxy);
}

/**
 * `POST /override`: answers `{success, owner, mode, until}`; `owner` is the backend that it was given
 * to, else the one that holds control.
 */
export async function firstOverride(request: Request, proxy: Proxy): Promise<Response> {
  const more = { success: false };
  const body = await readBody(request, FIRST_OVERRIDE_BODY, more);
  if (!body.ok) return body.refusal;
  const { backend_id: backendId, mode, until } = body.value;
  if ((backendId === undefined) === (mode === undefined)) {
    const reason = 'expected either "backend_id", an id or null, or "mode"';
    return problemAnswer(400, "invalid_request", reason, { more });
  }
  const given = typeof backendId === "string" && backendId !== "auto";
  const understood = wordOf({
    ...given ? { mode: "backend", backend_id: backendId } : { mode: mode ?? "auto" },
    ...typeof until === "string" && { until },
  }, proxy);
  if (!understood.ok) return refusal(understood, more);
  say(understood.word, proxy);
  const { holder, mode: chosen } = proxy.report();
  const owner = given ? backendId : holder?.backend_id ?? null;
  return jsonAnswer({ success: true, owner, ...chosen });
}

function wordOf(body: v.InferOutput<typeof OVERRIDE_BODY>, proxy: Proxy): Understood {
  const { mode, backend_id: backendId, limit_a: limitA, until: untilText, for_s: forS } = body;
  if (mode === undefined && limitA === undefined) return wrong('expected "mode" or "limit_a"');
  if ((mode === "backend") !== (backendId !== undefined)) {
    return wrong('"backend_id" goes with the mode "backend"');
  }
  if (untilText !== undefined && forS !== undefined) {
    return wrong('expected "until" or "for_s", not both');
  }
  if (backendId !== undefined && !proxy.report().backends.some(({ id }) => id === backendId)) {
    const reason = `no backend ${JSON.stringify(backendId)} is configured or connected`;
    return { ok: false, status: 404, reason };
  }
  const now = proxy.now();
  const until = forS === undefined ? instantOf(untilText) : now + 1000 * forS;
  if (until !== undefined) {
    if (!(until > now)) {
      return wrong(
        "until has to be a time to come with its offset, such as 2030-01-31T18:00:00Z",
      );
    }
    if ((mode ?? "auto") === "auto" && typeof limitA !== "number") {
      return wrong(`${mode === undefined ? "taking a limit back" : "auto"} has no end`);
    }
  }
  return {
    ok: true,
    word: {
      ...mode !== undefined && { mode: modeOf(mode, backendId) },
      ...limitA !== undefined && { limitA },
      ...until !== undefined && { until },
    },
  };
}

function modeOf(
  mode: OwnerMode["mode"],
  backendId: string | undefined,
): OwnerMode {
  return mode === "backend" ? { mode, backendId: backendId ?? "" } : { mode };
}

function wrong(reason: string): Understood {
  return { ok: false, status: 400, reason };
}

function say({ mode, limitA, until }: Word, proxy: Proxy): void {
  if (mode) proxy.setMode(mode, mode.mode === "auto" ? undefined : until);
  if (typeof limitA === "number") proxy.setLimit(limitA, until);
  // Auto has taken it back already.
  else if (limitA === null && proxy.report().owner_limit) proxy.setLimit(undefined);
}

/** Epoch milliseconds; NaN where the text is no instant. */
function instantOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return NaN;
  }
}

function refusal(
  { status, reason }: Understood & { ok: false },
  more: Readonly<Record<string, unknown>> = {},
): Response {
  const error = status === 404 ? "unknown_backend" : "invalid_request";
  return problemAnswer(status, error, reason, { more });
}
