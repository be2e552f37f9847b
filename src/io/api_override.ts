// `POST /override`: the owner's word, as the first ocpp-proxy took it, and the other modes.

import * as v from "valibot";
import type { OwnerMode } from "../core/event.ts";
import { jsonAnswer, problemAnswer } from "./api_answer.ts";
import type { Proxy } from "./proxy.ts";

const SCHEMA = v.strictObject({
  /** null or "auto": back to auto. */
  backend_id: v.optional(v.nullable(v.string())),
  mode: v.optional(v.picklist(["auto", "owner_only", "paused"])),
  until: v.optional(v.nullable(v.string())),
});

const EXPECTED = 'expected {"backend_id": an id or null} or {"mode": "auto", "owner_only" or ' +
  '"paused"}, and "until" with a time if it is to end by itself';

/**
 * Sets the mode and answers `{success, owner, mode, until}`; `owner` is the backend that it was
 * given to, else the one that holds control. 400, 404 and 415 change nothing.
 */
export async function override(request: Request, proxy: Proxy): Promise<Response> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return refusal(415, "unsupported_media_type", "the content type has to be application/json");
  }
  const body = v.safeParse(SCHEMA, await bodyOf(request));
  if (!body.success) return refusal(400, "invalid_request", EXPECTED);
  const mode = ownerMode(body.output);
  if (mode === undefined) return refusal(400, "invalid_request", EXPECTED);
  if (mode.mode === "backend" && !isKnown(proxy, mode.backendId)) {
    return refusal(
      404,
      "unknown_backend",
      `no backend ${JSON.stringify(mode.backendId)} is configured or connected`,
    );
  }
  const until = timeOf(body.output.until ?? undefined);
  if (until !== undefined && (mode.mode === "auto" || !(until > proxy.now()))) {
    return refusal(
      400,
      "invalid_request",
      mode.mode === "auto"
        ? "auto has no end: leave until away"
        : "until has to be a time to come with its offset, such as 2030-01-31T18:00:00Z",
    );
  }
  proxy.setMode(mode, until);
  const { holder, mode: chosen } = proxy.report();
  const owner = mode.mode === "backend" ? mode.backendId : holder?.backend_id ?? null;
  return jsonAnswer({ success: true, owner, ...chosen });
}

function ownerMode(body: v.InferOutput<typeof SCHEMA>): OwnerMode | undefined {
  const { backend_id: backendId, mode } = body;
  if ((backendId === undefined) === (mode === undefined)) return undefined;
  if (mode !== undefined) return { mode };
  return typeof backendId !== "string" || backendId === "auto"
    ? { mode: "auto" }
    : { mode: "backend", backendId };
}

function isKnown(proxy: Proxy, backendId: string): boolean {
  return proxy.report().backends.some(({ id }) => id === backendId);
}

/** Epoch milliseconds; NaN where the text is no instant. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return Temporal.Instant.from(text).epochMilliseconds;
  } catch {
    return NaN;
  }
}

/** Undefined: it is no JSON. */
async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return undefined;
  }
}

function refusal(status: number, error: string, reason: string): Response {
  return problemAnswer(status, error, reason, { more: { success: false } });
}
