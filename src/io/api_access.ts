// Who may ask the HTTP routes, and for what: tokens, without any of them this machine alone, and
// Home Assistant on behalf of whoever is logged in there.

import type { ApiScope, ApiToken } from "../config/configuration.ts";
import { sameSecret } from "./admission.ts";
import { Guesses } from "./guesses.ts";

/** What a request may do, or the answer to it. */
export type Access =
  | { readonly type: "granted"; readonly scopes: ReadonlySet<ApiScope> }
  | {
    readonly type: "refused";
    readonly status: 401 | 403 | 429;
    /** A sentence. */
    readonly reason: string;
    /** A token was given, and it was wrong. */
    readonly guess: boolean;
  };

const EVERYTHING: ReadonlySet<ApiScope> = new Set(["read", "control"]);

/** Headers by which a reverse proxy says that it asks for somebody else. */
const FORWARDED = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/** Where Home Assistant's ingress asks from: the supervisor, on the network of its apps. */
export const INGRESS_ADDRESS = "172.30.32.2";

const NEEDS_TOKEN = "a token is needed: as Bearer, as the password of Basic, or as ?token=";

const encoder = new TextEncoder();

/** Decides each request; counts wrong tokens by address. */
export class ApiAccess {
  readonly #guesses = new Guesses();
  readonly #behindIngress: boolean;

  /** `behindIngress`: this is an app of Home Assistant, so INGRESS_ADDRESS is what it says. */
  constructor(behindIngress: boolean) {
    this.#behindIngress = behindIngress;
  }

  /** Whether Home Assistant asks for somebody who is logged in there. */
  isIngress(remoteAddress: string): boolean {
    return this.#behindIngress && remoteAddress === INGRESS_ADDRESS;
  }

  /** Without `tokens`, programs and browsers of this machine may do everything. Never throws. */
  decide(request: Request, remoteAddress: string, tokens: readonly ApiToken[]): Access {
    // A page elsewhere cannot ask by this way: the cookie of the session is for Home Assistant's.
    if (this.isIngress(remoteAddress)) return { type: "granted", scopes: EVERYTHING };
    if (fromAnotherSite(request)) {
      return refused(403, "web pages of another host may not ask here");
    }
    return tokens.length > 0
      ? this.#byToken(request, remoteAddress, tokens)
      : byAddress(request, remoteAddress);
  }

  #byToken(request: Request, remoteAddress: string, tokens: readonly ApiToken[]): Access {
    if (this.#guesses.tooMany(remoteAddress)) {
      return refused(429, "too many wrong tokens; wait a minute");
    }
    const presented = presentedToken(request);
    if (presented === undefined) return refused(401, NEEDS_TOKEN);
    const bytes = encoder.encode(presented);
    // Every token is compared, so that the time says nothing about which one was nearly right.
    const [match] = tokens.filter(({ token }) => sameSecret(encoder.encode(token), bytes));
    if (match) return { type: "granted", scopes: match.scopes };
    this.#guesses.record(remoteAddress);
    return { ...refused(401, "the token is wrong"), guess: true };
  }
}

/** Whether an address, without port, is one of this machine's own (127.0.0.0/8, ::1). */
export function isLoopback(address: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(address) || address === "::1";
}

/** Whether a URL's host name can be no name of somebody else's DNS, who could make it mean us. */
export function isOwnName(hostname: string): boolean {
  return hostname === "localhost" || hostname.startsWith("[") || /^\d+(\.\d+){3}$/.test(hostname);
}

function byAddress(request: Request, remoteAddress: string): Access {
  if (!isLoopback(remoteAddress) || FORWARDED.some((name) => request.headers.has(name))) {
    return refused(
      403,
      "without a token in api.tokens of the configuration, only this machine itself may ask",
    );
  }
  if (!isOwnName(new URL(request.url).hostname)) {
    return refused(
      403,
      "without a token in api.tokens of the configuration, ask by address or as localhost",
    );
  }
  return { type: "granted", scopes: EVERYTHING };
}

/** Browsers name the site of the page that asks; other programs do not. */
function fromAnotherSite(request: Request): boolean {
  const origin = request.headers.get("origin");
  return origin !== null && URL.parse(origin)?.host !== new URL(request.url).host;
}

function presentedToken(request: Request): string | undefined {
  const [, scheme, value = ""] =
    /^(bearer|basic) +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (scheme?.toLowerCase() === "bearer") return value;
  if (scheme?.toLowerCase() === "basic") return basicPassword(value);
  const mayUseQuery = request.method === "GET" || request.method === "HEAD";
  return mayUseQuery ? new URL(request.url).searchParams.get("token") ?? undefined : undefined;
}

function basicPassword(encoded: string): string | undefined {
  try {
    const text = new TextDecoder().decode(Uint8Array.fromBase64(encoded));
    return text.includes(":") ? text.slice(text.indexOf(":") + 1) : undefined;
  } catch {
    return undefined;
  }
}

function refused(status: 401 | 403 | 429, reason: string): Access & { type: "refused" } {
  return { type: "refused", status, reason, guess: false };
}
