// The owner's word over HTTP: mode and limit, and the form that the first ocpp-proxy took it in.

import { jsonAnswer, problemAnswer } from "./api_answer.ts";
import { readBody } from "./api_body.ts";
import { FIRST_OVERRIDE_BODY, OVERRIDE_BODY } from "./api_shapes.ts";
import { sayWord, type UnderstoodWord, understoodWord } from "./owner_word.ts";
import type { Proxy } from "./proxy.ts";

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
    ...warned(proxy),
  });
}

/** `POST /api/v1/override`: answers as GET; 400, 404, 413 and 415 change nothing. */
export async function setOverride(request: Request, proxy: Proxy): Promise<Response> {
  const body = await readBody(request, OVERRIDE_BODY);
  if (!body.ok) return body.refusal;
  const understood = understoodWord(body.value, proxy);
  if (!understood.ok) return refusal(understood);
  sayWord(understood.word, proxy);
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
  const understood = understoodWord({
    ...given ? { mode: "backend", backend_id: backendId } : { mode: mode ?? "auto" },
    ...typeof until === "string" && { until },
  }, proxy);
  if (!understood.ok) return refusal(understood, more);
  sayWord(understood.word, proxy);
  const { holder, mode: chosen } = proxy.report();
  const owner = given ? backendId : holder?.backend_id ?? null;
  return jsonAnswer({ success: true, owner, ...chosen, ...warned(proxy) });
}

/** The owner always wins, at once; that it may not last is said. */
function warned({ forgetful: warning }: Proxy): { readonly warning?: string } {
  return warning === undefined ? {} : { warning };
}

function refusal(
  { status, reason }: UnderstoodWord & { ok: false },
  more: Readonly<Record<string, unknown>> = {},
): Response {
  const error = status === 404 ? "unknown_backend" : "invalid_request";
  return problemAnswer(status, error, reason, { more });
}
