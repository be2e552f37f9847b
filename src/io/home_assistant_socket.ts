// One connection to Home Assistant's WebSocket API: opened, authenticated, or given up in time.

import type { HaWebSocket } from "home-assistant-js-websocket";
import { SUPERVISOR_URL } from "../config/home.ts";

/** How long Home Assistant may take until it has taken the token, ms. */
const OPENING_MS = 15_000;

/** Why there is no connection. */
export class HomeAssistantError extends Error {
  override readonly name = "HomeAssistantError";

  constructor(message: string, readonly wrongToken = false) {
    super(message);
  }
}

/** Opens the WebSocket of Home Assistant at `url` (http or https). Rejects with HomeAssistantError. */
export function openHomeAssistant(
  url: string,
  token: string,
  signal: AbortSignal,
): Promise<HaWebSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<HaWebSocket>();
  const socket = new WebSocket(`${url.replace(/^http/i, "ws")}/api/websocket`);
  const settle = () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
    socket.onopen =
      socket.onmessage =
      socket.onerror =
      socket.onclose =
        null;
  };
  const fail = (message: string, wrongToken?: boolean) => {
    settle();
    reject(new HomeAssistantError(message, wrongToken));
    socket.close();
  };
  const aborted = () => fail("the proxy is being stopped");
  const timer = setTimeout(() => fail(`no answer within ${OPENING_MS / 1000} s`), OPENING_MS);
  signal.addEventListener("abort", aborted);
  socket.onerror = () => fail("it cannot be reached, or answers without a WebSocket");
  socket.onclose = ({ code }) => fail(`it closed the connection (${code})`);
  socket.onmessage = ({ data }) => {
    const message = parsed(data);
    switch (message.type) {
      case "auth_required":
        return socket.send(JSON.stringify({ type: "auth", access_token: token }));
      case "auth_invalid":
        return fail(`it does not accept the token; ${remedy(url)}`, true);
      case "auth_ok":
        settle();
        return resolve(Object.assign(socket, { haVersion: String(message.ha_version) }));
      default:
        return fail("it does not speak as Home Assistant does");
    }
  };
  return promise;
}

/** A token that is wrong stays wrong: somebody has to do something. */
function remedy(url: string): string {
  return url.startsWith(SUPERVISOR_URL)
    ? "restart this app, so that it is given another"
    : "make a long-lived access token in the profile of an administrator there";
}

function parsed(data: unknown): { readonly type?: unknown; readonly ha_version?: unknown } {
  try {
    return JSON.parse(String(data)) ?? {};
  } catch {
    return {};
  }
}
