// The HTTP routes: who may ask, by which method, and who answers.

import type { Context } from "hono";
import { Hono } from "hono/tiny";
import type { ApiScope } from "../config/configuration.ts";
import { ApiAccess } from "./api_access.ts";
import { answer, jsonAnswer, problemAnswer, textAnswer } from "./api_answer.ts";
import { ApiDecisions } from "./api_decisions.ts";
import { ApiEvents, type EventLimits } from "./api_events.ts";
import { type Query, readQuery } from "./api_query.ts";
import { ENDPOINTS, type Route, type RouteName, ROUTES } from "./api_routes.ts";
import { ApiSessions } from "./api_sessions.ts";
import { apiStatus } from "./api_status.ts";
import type { HomeHealth } from "./home.ts";
import type { FetchHandler } from "./http_exchange.ts";
import type { Log } from "./log.ts";
import type { Proxy } from "./proxy.ts";
import { StoreError } from "./store_error.ts";
import { logDefect } from "./thrown.ts";

/** What the handlers know of a request. */
interface Env {
  Bindings: { readonly remoteAddress: string };
  Variables: { scopes: ReadonlySet<ApiScope> };
}

/** A request that may be answered. */
interface Asked {
  readonly request: Request;
  readonly url: URL;
  readonly query: Query;
  readonly scopes: ReadonlySet<ApiScope>;
  /** The part of the path that varies; empty: none. */
  readonly part: string;
  readonly remoteAddress: string;
}

type Handler = (asked: Asked) => Response | Promise<Response>;

/**
 * Answers everything that is not a WebSocket; `close` lets go of the database and of listeners.
 * `behindIngress`: Home Assistant has logged in whoever asks by way of it.
 */
export function createApi(
  proxy: Proxy,
  log: Log,
  { limits, behindIngress = false, home }: {
    limits?: EventLimits;
    behindIngress?: boolean;
    home?: () => HomeHealth;
  } = {},
): { handler: FetchHandler; close(): void } {
  const access = new ApiAccess(behindIngress);
  const sessions = new ApiSessions(proxy);
  const decisions = new ApiDecisions(proxy);
  const events = new ApiEvents(proxy.feed, limits);
  const decide = (request: Request, remoteAddress: string) =>
    access.decide(request, remoteAddress, proxy.configuration.api.tokens);

  /** The page is there to tell when the database cannot be read, too. */
  const latestSessions = () => {
    try {
      return sessions.latest(SHOWN_SESSIONS);
    } catch (error) {
      if (error instanceof StoreError) return [];
      throw error;
    }
  };

  const handlers: Readonly<Record<RouteName, Handler>> = {
    page: async ({ url, scopes, remoteAddress }) => {
      // Whoever never looks at the page does not wait for it when the program starts.
      const [{ page }, { statusView }] = await Promise.all([
        import("./api_page.ts"),
        import("./status_view.ts"),
      ]);
      const view = statusView(apiStatus(proxy, home?.()));
      if (view === undefined) throw new Error("the status report has another shape than its view");
      const { core, listen } = proxy.configuration;
      const seenBy = access.isIngress(remoteAddress)
        ? { type: "home_assistant" as const, port: listen.port }
        : { type: "browser" as const, url };
      return page({
        view,
        viewer: seenBy,
        // What the buttons send has no token in its URL.
        mayDecide: scopes.has("control") && !url.searchParams.has("token"),
        sessions: latestSessions(),
        timeZone: core.timeZone,
        routes: [...ROUTES, ...ENDPOINTS],
      });
    },
    status: () => jsonAnswer(apiStatus(proxy, home?.())),
    first_sessions: ({ query, scopes }) => sessions.stream("json", query, scopes),
    first_sessions_csv: ({ query, scopes }) => sessions.stream("csv", query, scopes),
    sessions: ({ query, url, scopes }) => sessions.page(query, url, scopes),
    decisions: ({ query }) => decisions.respond(query),
    backends: () => jsonAnswer({ backends: proxy.report().backends }),
    questions: async () => (await import("./api_requests.ts")).questions(proxy),
    answer: async ({ request, part }) =>
      (await import("./api_requests.ts")).answerQuestion(request, part, proxy),
    first_override: async ({ request }) =>
      (await import("./api_override.ts")).firstOverride(request, proxy),
    override: async () => (await import("./api_override.ts")).currentOverride(proxy),
    set_override: async ({ request }) =>
      (await import("./api_override.ts")).setOverride(request, proxy),
    facts: async () => (await import("./api_facts.ts")).facts(proxy),
    set_fact: async ({ request, part }) =>
      (await import("./api_facts.ts")).setFact(request, part, proxy),
    events: ({ request, query, remoteAddress }) => {
      const mayStay = () => {
        const verdict = decide(request, remoteAddress);
        return verdict.type === "granted" && verdict.scopes.has("read");
      };
      return events.respond(
        request.headers.get("last-event-id") ?? query.lastEventId,
        mayStay,
        request.method === "HEAD",
      );
    },
    openapi: async ({ url }) => (await import("./api_openapi.ts")).openApi(url),
    metrics: async () => {
      const { metricsText, METRICS_TYPE } = await import("./api_metrics.ts");
      const text = metricsText(proxy.report(), proxy.storeFailure === undefined);
      return answer(text, METRICS_TYPE);
    },
    // Alive, and no more: whoever restarts what is not would cut off the charger for a full disk.
    healthz: () => textAnswer("ok"),
    readyz: () =>
      proxy.storeFailure === undefined
        ? textAnswer("ready")
        : textAnswer("not ready: the database takes no writes", 503),
  };

  const respond = ({ req, env }: Context<Env>, ofPath: readonly Route[]) => {
    const { raw: request, method, path } = req;
    const route = ofPath.find((one) => one.method === (method === "HEAD" ? "GET" : method));
    const scope = route === undefined ? ofPath[0]?.scope : route.scope;
    let scopes: ReadonlySet<ApiScope> = new Set();
    if (scope !== undefined) {
      const verdict = decide(request, env.remoteAddress);
      if (verdict.type === "refused") {
        const { status, reason, guess } = verdict;
        if (guess) {
          const values = { address: env.remoteAddress, path, status, reason };
          log("warning", "a request was refused", values);
        }
        return problemAnswer(status, CODES[status], reason, {
          headers: status === 401 ? { "www-authenticate": CHALLENGE } : {},
        });
      }
      scopes = verdict.scopes;
      if (!scopes.has(scope)) {
        return problemAnswer(403, "not_permitted", `the token lacks the scope ${scope}`);
      }
    }
    if (route === undefined) return otherMethod(path, ofPath);
    const url = new URL(request.url);
    const { timeZone } = proxy.configuration.core;
    const query = readQuery(route.query ? url.searchParams : NO_QUERY, route.query ?? [], timeZone);
    if (typeof query === "string") return problemAnswer(400, "invalid_request", query);
    const part = req.param("part") ?? "";
    return handlers[route.name as RouteName]({
      request,
      url,
      query,
      scopes,
      part,
      remoteAddress: env.remoteAddress,
    });
  };

  const app = new Hono<Env>();
  for (const [path, ofPath] of Map.groupBy<string, Route>(ROUTES, (route) => route.path)) {
    app.all(path.replace(/<\w+>/, ":part"), (context) => respond(context, ofPath));
  }
  app.notFound(({ req }) => strayAnswer(req.path));
  app.onError((error, { req }) => {
    if (error instanceof StoreError) {
      log("error", "a request failed", { path: req.path, reason: error.message });
      return problemAnswer(503, "database", error.message);
    }
    logDefect(log, error, { path: req.path });
    return problemAnswer(500, "internal_error", "a defect of the proxy; its log tells more");
  });

  return {
    handler: (request, { remoteAddress }) => app.fetch(request, { remoteAddress }),
    close: () => {
      events.close();
      sessions.close();
      decisions.close();
    },
  };
}

/** Sessions on the page, the newest. */
const SHOWN_SESSIONS = 5;

const NO_QUERY = new URLSearchParams();

const CHALLENGE = 'Bearer realm="ocpp-proxy", Basic realm="ocpp-proxy", charset="UTF-8"';

const CODES = { 401: "unauthorized", 403: "not_permitted", 429: "rate_limited" } as const;

function otherMethod(path: string, ofPath: readonly Route[]): Response {
  const allow = ofPath.map(({ method }) => method === "GET" ? "GET, HEAD" : method).join(", ");
  return problemAnswer(405, "method_not_allowed", `${path} takes ${allow}`, { headers: { allow } });
}

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
