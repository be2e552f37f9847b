// Who may open a WebSocket, and as what: charger, OCPP backend, JSON backend, or nobody.

import { createHash, timingSafeEqual } from "node:crypto";
import { BACKEND_NAME, BACKEND_NAME_RULE, isTakenName } from "../config/backend_name.ts";
import type {
  BackendConnection,
  Configuration,
  SubprotocolPolicy,
} from "../config/configuration.ts";
import { LOOP_HEADER } from "./dialling.ts";
import type { UpgradeRequest } from "./listener.ts";

/** What a handshake comes to. */
export type Entrance =
  | { readonly type: "charger"; readonly protocol: string; readonly chargePointId: string }
  /** Complete the handshake without a protocol, then close. */
  | { readonly type: "turned_away"; readonly reason: string }
  | {
    readonly type: "backend";
    readonly backendId: string;
    readonly speaks: "ocpp1.6" | "json";
    readonly protocol: string;
  }
  | {
    readonly type: "refused";
    readonly status: number;
    readonly reason: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** The password or token of this door was wrong. */
    readonly guessed?: string;
    /** What the owner, and not the peer, is told besides. */
    readonly advice?: string;
  };

/** What admission needs to know of the running proxy. */
export interface Premises {
  readonly configuration: Configuration;
  /** The charger's identity, configured or remembered. */
  readonly chargePointId: string | undefined;
  readonly instance: string;
  /** Whether a password may be tried at this door, or there were too many wrong ones. */
  mayGuess(door: string): boolean;
}

/** The identity of a charger that gives none. */
export const NAMELESS_CHARGER = "charger";

/** The longest identity of a charge point or backend, characters. */
const MAX_ID_LENGTH = 128;

/** Subprotocols of the simple JSON protocol. */
const JSON_PROTOCOL = "ocpp-proxy.v1";

/** Decides a handshake. Never throws. */
export function decideEntrance(premises: Premises, request: UpgradeRequest): Entrance {
  const { headers } = request;
  if (headers.get(LOOP_HEADER) === premises.instance) {
    return refused(508, "this proxy has dialled itself; correct the backend's url");
  }
  // Any page can ask from a frame in a sandbox, whose origin is null.
  if (/^(?:https?:|null$)/i.test(headers.get("origin") ?? "")) {
    return refused(403, "web pages may not connect here");
  }
  const segments = pathSegments(request.path);
  if (segments === undefined) return refused(400, "the path is not valid percent-encoding");
  return segments[0] === "backend"
    ? backendEntrance(premises, request, segments.slice(1))
    : chargerEntrance(premises, request, segments);
}

/** The decoded segments; repeated and trailing slashes mean nothing. */
function pathSegments(path: string): string[] | undefined {
  try {
    return path.split("?")[0]!.split("/").filter((part) => part !== "").map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function chargerEntrance(
  { configuration, chargePointId, mayGuess }: Premises,
  request: UpgradeRequest,
  segments: readonly string[],
): Entrance {
  const credentials = basicCredentials(request.headers);
  const named = segments[0] === "charger" ? segments.slice(1) : segments;
  const fromPath = named.at(-1);
  const fromUser = credentials && credentials.user !== "" ? credentials.user : undefined;
  const offered = fromPath ?? fromUser;
  if (offered !== undefined && !isIdentity(offered)) {
    return refused(400, "the charge point's identity is too long or not printable");
  }
  const anonymous = chargePointId === undefined ||
    (chargePointId === NAMELESS_CHARGER && configuration.core.charger.id === undefined);
  const id = offered ?? chargePointId ?? NAMELESS_CHARGER;
  if (!anonymous && id !== chargePointId) {
    return {
      ...refused(404, `charge point ${JSON.stringify(id)} is unknown here; expected is another`),
      advice:
        `the charger here is ${JSON.stringify(chargePointId)}; if this one takes its place, ` +
        `start with charger.id: ${JSON.stringify(id)} in the configuration`,
    };
  }
  const { password } = configuration.charger;
  if (password !== undefined) {
    const door = "charger";
    if (!mayGuess(door)) return tooManyGuesses();
    const userFits = fromUser === undefined || fromPath === undefined || fromUser === fromPath;
    if (!credentials || !userFits || !passwordFits(password, credentials.password)) {
      return {
        ...refused(401, "Basic authentication with the charger's password is needed"),
        headers: { "www-authenticate": 'Basic realm="ocpp-proxy", charset="UTF-8"' },
        ...credentials && { guessed: door },
      };
    }
  }
  return chargerProtocol(configuration, request.offeredProtocols, id);
}

function chargerProtocol(
  { charger }: Configuration,
  offered: readonly string[],
  chargePointId: string,
): Entrance {
  const protocol = offered.find((token) => /^ocpp1\.6j?$/i.test(token));
  if (protocol !== undefined) return { type: "charger", protocol, chargePointId };
  const policy: SubprotocolPolicy = offered.length === 0
    ? charger.subprotocol.none
    : charger.subprotocol.other;
  const reason = offered.length === 0
    ? "no subprotocol was offered; ocpp1.6 is needed"
    : `only ${offered.join(", ").slice(0, 100)} was offered; ocpp1.6 is needed`;
  switch (policy) {
    case "accept":
      return { type: "charger", protocol: "", chargePointId };
    case "close":
      return { type: "turned_away", reason };
    case "reject":
      return refused(400, reason);
    default:
      return policy satisfies never;
  }
}

function backendEntrance(
  { configuration, mayGuess }: Premises,
  request: UpgradeRequest,
  segments: readonly string[],
): Entrance {
  const id = segments.at(-1) ?? request.url.searchParams.get("id") ?? undefined;
  if (id === undefined || !isIdentity(id)) {
    return refused(400, "the backend's id is missing: /backend/<id> or /backend?id=<id>");
  }
  const backend = configuration.backends.find((item) => item.id === id && item.enabled);
  if (backend === undefined && !configuration.core.allowUnknownBackends) {
    return refused(404, "this backend is not configured");
  }
  if (backend === undefined && (!BACKEND_NAME.test(id) || isTakenName(id))) {
    return refused(400, `a backend's id is ${BACKEND_NAME_RULE}, and no name of the owner`);
  }
  if (backend?.url !== undefined) {
    return refused(409, "this backend has a url: the proxy dials it");
  }
  const door = `backend/${id}`;
  if (backend && backend.authentication.type !== "none" && !mayGuess(door)) return tooManyGuesses();
  if (backend && !tokenFits(backend, request)) {
    return {
      ...refused(401, "the backend's token is needed: Bearer, Basic password or ?token="),
      headers: { "www-authenticate": 'Bearer realm="ocpp-proxy"' },
      ...presentedToken(request) && { guessed: door },
    };
  }
  const offered = request.offeredProtocols;
  const ocpp = offered.find((token) => /^ocpp1\.6j?$/i.test(token));
  if (ocpp !== undefined) {
    return { type: "backend", backendId: id, speaks: "ocpp1.6", protocol: ocpp };
  }
  const json = offered.find((token) => token.toLowerCase() === JSON_PROTOCOL);
  if (json !== undefined || offered.length === 0) {
    return { type: "backend", backendId: id, speaks: "json", protocol: json ?? "" };
  }
  return refused(400, `the subprotocol has to be ocpp1.6, ${JSON_PROTOCOL} or none`);
}

function refused(status: number, reason: string): Entrance & { type: "refused" } {
  return { type: "refused", status, reason };
}

function tooManyGuesses(): Entrance {
  return refused(429, "too many wrong passwords; wait a minute");
}

function isIdentity(id: string): boolean {
  return id.length > 0 && id.length <= MAX_ID_LENGTH && !/\p{Cc}/u.test(id);
}

interface Credentials {
  readonly user: string;
  /** Raw: some chargers send the bytes of their key. */
  readonly password: Uint8Array;
}

function basicCredentials(headers: Headers): Credentials | undefined {
  const encoded = /^basic +([a-z\d+/]+={0,2})$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (encoded === undefined) return undefined;
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(encoded);
  } catch {
    return undefined;
  }
  const colon = bytes.indexOf(0x3a);
  if (colon < 0) return undefined;
  return {
    user: new TextDecoder().decode(bytes.subarray(0, colon)),
    password: bytes.subarray(colon + 1),
  };
}

/** The password as text, or a 40-digit AuthorizationKey as text or as its 20 bytes (J 6.2). */
function passwordFits(expected: string, presented: Uint8Array): boolean {
  const text = sameSecret(new TextEncoder().encode(expected), presented);
  if (!/^([\da-f]{2}){16,20}$/i.test(expected)) return text;
  const key = sameSecret(Uint8Array.fromHex(expected), presented);
  const folded = new TextDecoder().decode(presented).toLowerCase();
  const hex = sameSecret(
    new TextEncoder().encode(expected.toLowerCase()),
    new TextEncoder().encode(folded),
  );
  return text || key || hex;
}

function presentedToken({ headers, url }: UpgradeRequest): Uint8Array | undefined {
  const bearer = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const token = bearer ?? url.searchParams.get("token") ?? undefined;
  if (token !== undefined) return new TextEncoder().encode(token);
  return basicCredentials(headers)?.password;
}

function tokenFits({ authentication }: BackendConnection, request: UpgradeRequest): boolean {
  const presented = presentedToken(request);
  switch (authentication.type) {
    case "none":
      return true;
    case "bearer":
      return presented !== undefined &&
        sameSecret(new TextEncoder().encode(authentication.token), presented);
    case "basic":
      return presented !== undefined &&
        sameSecret(new TextEncoder().encode(authentication.password), presented);
    default:
      return authentication satisfies never;
  }
}

/** Compares in constant time, whatever the lengths. */
export function sameSecret(expected: Uint8Array, presented: Uint8Array): boolean {
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  return timingSafeEqual(digest(expected), digest(presented));
}
