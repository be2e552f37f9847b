// The URL at which a backend is dialled.

import type { BackendConnection } from "./configuration.ts";

/** `url` with the identity as its last path segment, unless the backend's `url` is complete. */
export function dialledUrl(
  backend: Pick<BackendConnection, "url" | "appendChargePointId">,
  chargePointId: string,
): string | undefined {
  if (backend.url === undefined || !backend.appendChargePointId) return backend.url;
  const [, base = "", query = ""] = /^([^?]*)(.*)$/.exec(backend.url) ?? [];
  return `${base.replace(/\/+$/, "")}/${encodeURIComponent(chargePointId)}${query}`;
}
