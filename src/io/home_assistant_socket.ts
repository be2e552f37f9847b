// One connection to Home Assistant's WebSocket API: opened, authenticated, or given up in time.

import { SUPERVISOR_URL } from "../config/home.ts";
import { HomeAssistantWire } from "./home_assistant_wire.ts";

/** How long Home Assistant may take until it has taken the token, ms. */
const OPENING_MS = 15_000;

/** The longest version that is told on, characters. */
const MAX_VERSION_LENGTH = 40;

/** Why there is no connection. */
export class HomeAssistantError extends Error {
  override readonly name = "HomeAssistantError";

  constructor(message: string, readonly wrongToken = false) {
    super(message);
  }
}

/** Opens the WebSocket of Home Assistant at `url` (http or https). Rejects with what is wrong. */
export async function openHomeAssistant(
  url: string,
  token: string,
  signal: AbortSignal,
): Promise<HomeAssistantWire> {
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(OPENING_MS)]);
  const address = `${url.replace(/^http/i, "ws")}/api/websocket`;
  const wire = await HomeAssistantWire.open(address, inTime, OPENING_MS);
  try {
    wire.haVersion = await authenticate(wire, url, token, inTime);
    return wire;
  } catch (error) {
    wire.giveUp("it is of no use");
    if (inTime.aborted && !signal.aborted) {
      throw new HomeAssistantError(`no answer within ${OPENING_MS / 1000} s`);
    }
    throw error;
  }
}

/** Resolves with the version of Home Assistant. */
function authenticate(
  wire: HomeAssistantWire,
  url: string,
  token: string,
  signal: AbortSignal,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (message: string, wrongToken?: boolean) =>
    reject(new HomeAssistantError(message, wrongToken));
  let said = false;
  const heard = ({ data }: { readonly data?: string }) => {
    const message = parsed(data);
    switch (message.type) {
      case "auth_required":
        // Once: whoever asks again and again is no Home Assistant.
        if (said) return fail("it does not speak as Home Assistant does");
        said = true;
        return wire.send(JSON.stringify({ type: "auth", access_token: token }));
      case "auth_invalid":
        return fail(`it does not accept the token; ${remedy(url)}`, true);
      case "auth_ok":
        return resolve(String(message.ha_version).slice(0, MAX_VERSION_LENGTH));
      default:
        return fail("it does not speak as Home Assistant does");
    }
  };
  const gone = () => fail("it closed the connection");
  const aborted = () => fail("the proxy is being stopped");
  wire.addEventListener("message", heard);
  wire.addEventListener("close", gone);
  signal.addEventListener("abort", aborted);
  if (signal.aborted) aborted();
  wire.start();
  return promise.finally(() => {
    wire.removeEventListener("message", heard);
    wire.removeEventListener("close", gone);
    signal.removeEventListener("abort", aborted);
  });
}

/** A token that is wrong stays wrong: somebody has to do something. */
function remedy(url: string): string {
  return url.startsWith(SUPERVISOR_URL)
    ? "restart this app, so that it is given another"
    : "make a long-lived access token in the profile of an administrator there";
}

function parsed(data = ""): { readonly type?: unknown; readonly ha_version?: unknown } {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}
