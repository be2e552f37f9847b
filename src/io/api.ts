// The HTTP routes: page, status, sessions, the owner's override, health.

import type { MiddlewareHandler } from "hono";
import { Hono } from "hono/tiny";
import type { ApiScope } from "../config/configuration.ts";
import { ApiAccess } from "./api_access.ts";
import { jsonAnswer, problemAnswer, textAnswer } from "./api_answer.ts";
import type { Explained } from "./api_page.ts";
import { ApiSessions } from "./api_sessions.ts";
import { apiStatus } from "./api_status.ts";
import type { FetchHandler } from "./http_exchange.ts";
import type { Log } from "./log.ts";
import type { Proxy } from "./proxy.ts";
import { StoreError } from "./store_error.ts";

interface Route extends Explained {
  readonly method: "GET" | "POST";
  /** What a token has to allow; absent: open to everybody. */
  readonly scope?: ApiScope;
}

/** What there is: for access, for 405, and for the page. */
const ROUTES: readonly Route[] = [
  { method: "GET", path: "/", scope: "read", purpose: "This page." },
  {
    method: "GET",
    path: "/status",
    scope: "read",
    purpose: "Charger, control, backends and decisions as JSON.",
  },
  {
    method: "GET",
    path: "/sessions",
    scope: "read",
    purpose: "Sessions that have ended as JSON, the oldest first; narrowed down by since, until, " +
      "backend and limit. Id tags are masked unless show_id_tags=1.",
  },
  { method: "GET", path: "/sessions.csv", scope: "read", purpose: "The same for a spreadsheet." },
  {
    method: "POST",
    path: "/override",
    scope: "control",
    purpose: 'Gives control to one backend, {"backend_id": "…"}; null goes back to auto. Or ' +
      '{"mode": "auto", "owner_only" or "paused"}. Both end by themselves at "until".',
  },
  { method: "GET", path: "/healthz", purpose: "200 while the program is alive." },
  { method: "GET", path: "/readyz", purpose: "200 while the database takes writes, else 503." },
];

/** Where WebSockets are opened. */
const ENDPOINTS: readonly Explained[] = [
  {
    method: "WS",
    path: "/charger",
    purpose: "The charger, by OCPP 1.6 JSON; its identity may follow: /charger/<identity>.",
  },
  {
    method: "WS",
    path: "/backend/<id>",
    purpose: "Backends that dial in, by OCPP 1.6 JSON or the simple JSON protocol.",
  },
];

/** What the handlers know of a request. */
interface Env {
  Bindings: { readonly remoteAddress: string };
  Variables: { scopes: ReadonlySet<ApiScope> };
}

/** Answers everything that is not a WebSocket; `close` lets go of the database. */
export function createApi(proxy: Proxy, log: Log): { handler: FetchHandler; close(): void } {
  const access = new ApiAccess();
  const sessions = new ApiSessions(proxy);
  const app = new Hono<Env>();

  const needs = (scope: ApiScope): MiddlewareHandler<Env> => async (context, next) => {
    const { req: { raw, path }, env: { remoteAddress } } = context;
    const verdict = access.decide(raw, remoteAddress, proxy.configuration.api.tokens);
    if (verdict.type === "granted") {
      if (!verdict.scopes.has(scope)) {
        return problemAnswer(403, "not_permitted", `the token lacks the scope ${scope}`);
      }
      context.set("scopes", verdict.scopes);
      return await next();
    }
    const { status, reason, guess } = verdict;
    if (guess) {
      log("warning", "a request was refused", { address: remoteAddress, path, status, reason });
    }
    return problemAnswer(status, CODES[status], reason, {
      headers: status === 401 ? { "www-authenticate": CHALLENGE } : {},
    });
  };
  for (const { path, scope } of ROUTES) if (scope) app.use(path, needs(scope));

  app.get("/", async ({ req }) => {
    // Whoever never looks at the page does not wait for it when the program starts.
    const [{ page }, { statusView }] = await Promise.all([
      import("./api_page.ts"),
      import("./status_view.ts"),
    ]);
    const view = statusView(apiStatus(proxy));
    if (view === undefined) throw new Error("the status report has another shape than its view");
    const { timeZone } = proxy.configuration.core;
    return page(view, new URL(req.url), timeZone, [...ROUTES, ...ENDPOINTS]);
  });
  app.get("/status", () => jsonAnswer(apiStatus(proxy)));
  for (const [path, format] of [["/sessions", "json"], ["/sessions.csv", "csv"]] as const) {
    app.get(
      path,
      ({ req, var: { scopes } }) =>
        sessions.respond(format, new URL(req.url).searchParams, scopes.has("control")),
    );
  }
  app.post("/override", async ({ req }) => {
    const { override } = await import("./api_override.ts");
    return override(req.raw, proxy);
  });
  // Alive, and no more: whoever restarts what is not would cut off the charger for a full disk.
  app.get("/healthz", () => textAnswer("ok"));
  app.get(
    "/readyz",
    () =>
      proxy.storeFailure === undefined
        ? textAnswer("ready")
        : textAnswer("not ready: the database takes no writes", 503),
  );

  for (const { path, method } of ROUTES) {
    const allow = method === "GET" ? "GET, HEAD" : method;
    app.all(
      path,
      () =>
        problemAnswer(405, "method_not_allowed", `${path} takes ${allow}`, { headers: { allow } }),
    );
  }
  app.notFound(({ req }) => strayAnswer(req.path));
  app.onError((error, { req }) => {
    if (error instanceof StoreError) {
      log("error", "a request failed", { path: req.path, reason: error.message });
      return problemAnswer(503, "database", error.message);
    }
    log("error", "a defect of the proxy; please report it", {
      path: req.path,
      error: error.stack ?? error.message,
    });
    return problemAnswer(500, "internal_error", "a defect of the proxy; its log tells more");
  });

  return {
    handler: (request, { remoteAddress }) => app.fetch(request, { remoteAddress }),
    close: () => sessions.close(),
  };
}

const CHALLENGE = 'Bearer realm="ocpp-proxy", Basic realm="ocpp-proxy", charset="UTF-8"';

const CODES = { 401: "unauthorized", 403: "not_permitted", 429: "rate_limited" } as const;

/** Odd paths of chargers count too: `///charger/X`. */
function strayAnswer(path: string): Response {
  const [first] = path.split("/").filter((part) => part !== "");
  const headers = { upgrade: "websocket" };
  switch (first) {
    case "charger":
      return problemAnswer(
        426,
        "upgrade_required",
        "the charger connects here by WebSocket, with the subprotocol ocpp1.6",
        { headers },
      );
    case "backend":
      return problemAnswer(
        426,
        "upgrade_required",
        "backends connect here by WebSocket: OCPP with the subprotocol ocpp1.6, else simple JSON",
        { headers },
      );
    default:
      return problemAnswer(404, "not_found", "there is nothing at this path; / lists what is");
  }
}
