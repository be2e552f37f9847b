// The HTTP routes of a real proxy: page, status, sessions, override, health, and who may ask.

import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { createHash } from "node:crypto";
import { get } from "node:http";
import { DatabaseSync } from "node:sqlite";
import type { StatusReport } from "../../src/core/status_report.ts";
import { databasePath } from "../../src/io/database.ts";
import type { Store } from "../../src/io/store.ts";
import { withProxy } from "../support/running_proxy.ts";
import { strictBackendServer } from "../support/strict_backend.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { NOW, session } from "./store_fixture.ts";

const BACKENDS = `
backends:
  - { id: employer, role: biller, token: e }
  - { id: evcc, role: controller, token: v }
`;

const TOKENS = `
api:
  tokens:
    - { name: screen, token: reading-token, scopes: [read] }
    - { name: owner, token: owning-token, scopes: [read, control] }
`;

async function json(response: Response | Promise<Response>) {
  const answered = await response;
  match(answered.headers.get("content-type") ?? "", /^application\/json/);
  return { status: answered.status, body: await answered.json() };
}

function override(url: string, body: unknown, headers: Record<string, string> = {}) {
  return fetch(`${url}/override`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** `count` sessions of one kWh, each ended a minute after the one before; every third is evcc's. */
function withSessions(count: number) {
  return (store: Store) =>
    store.commit(Array.from({ length: count }, (_, index) => ({
      table: "session" as const,
      session: session(index + 1, {
        backendId: index % 3 === 2 ? "evcc" : "employer",
        stoppedAt: NOW + index * 60_000,
        energyWh: 1_000,
      }),
    })));
}

Deno.test("the status has the keys of the first ocpp-proxy and the whole report", async () => {
  const central = await strictBackendServer();
  try {
    const dialled = `${BACKENDS}  - { id: csms, url: "${central.url}", role: observer }\n`;
    await withProxy(dialled, async ({ url, proxy, port }) => {
      const charger = await strictCharger(`ws://127.0.0.1:${port}/charger`, "CP001");
      await bootStrictCharger(charger);
      const backend = new WebSocket(`ws://127.0.0.1:${port}/backend/evcc?token=v`);
      await new Promise((resolve) => backend.addEventListener("open", resolve));
      backend.send(JSON.stringify({ action: "request_control" }));
      const status = await until(
        async () => {
          const { body } = await json(fetch(`${url}/status`));
          return body.lock_owner !== null && body.ocpp_services.csms.authenticated && body;
        },
        10_000,
        "control and registration",
      );
      deepEqual(status.websocket_backends, ["evcc"]);
      equal(status.lock_owner, "evcc");
      deepEqual(status.ocpp_services, {
        csms: { connected: true, authenticated: true, version: "1.6" },
      });
      const { charger: reported, mode, backends }: StatusReport = proxy.report();
      deepEqual(
        { charger: status.charger, mode: status.mode, backends: status.backends },
        { charger: reported, mode, backends },
      );
      equal(status.charger.vendor, "Strict");
      equal(status.decisions.at(-1).backend_id, "evcc");
      equal(status.database_problem, null);
      const closed = new Promise((resolve) => backend.addEventListener("close", resolve));
      backend.close();
      await closed;
      await charger.close();
    });
  } finally {
    await central.close();
  }
});

Deno.test("the page says in words what is so, and loads nothing from anywhere", () =>
  withProxy(BACKENDS, async ({ url, port }) => {
    const charger = await strictCharger(`ws://127.0.0.1:${port}/charger`, "CP001");
    await charger.call("BootNotification", {
      chargePointVendor: "<script>",
      chargePointModel: "\u001b[2J&\u009b",
    });
    const response = await fetch(url);
    equal(response.status, 200);
    equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    equal(response.headers.get("cache-control"), "no-store");
    const text = await response.text();
    match(text, /CP001 \(&lt;script&gt; \?\[2J&amp;\?\), connected since 20\d\d-/);
    doesNotMatch(text, /<img|<link|src=|@import|url\(/i);
    equal(text.split("<script").length, 2);
    for (const word of ["employer", "evcc", "/sessions.csv", "/override", "WS"]) {
      ok(text.includes(word), word);
    }
    ok(text.includes(`ws://&lt;address of this machine&gt;:${port}/charger`));
    const hashOf = (element: RegExp) =>
      createHash("sha256").update(element.exec(text)![1]!).digest("base64");
    const style = hashOf(/<style>([^]*)<\/style>/);
    const script = hashOf(/<script>([^]*)<\/script>/);
    equal(
      response.headers.get("content-security-policy"),
      `default-src 'none'; style-src 'sha256-${style}'; script-src 'sha256-${script}'; ` +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    await charger.close();
  }));

Deno.test("the page names the host by which a household sees this machine", () =>
  withProxy(TOKENS, async ({ handler }) => {
    const request = new Request("http://nas.lan:9000/?token=reading-token");
    const response = await handler(request, { remoteAddress: "192.168.1.7" });
    ok((await response.text()).includes("<code>ws://nas.lan:9000/charger</code>"));
  }));

Deno.test("sessions are an array, the oldest first, with the first one's fields first", () =>
  withProxy(BACKENDS, async ({ url }) => {
    const { status, body } = await json(fetch(`${url}/sessions`));
    equal(status, 200);
    equal(body.length, 3);
    deepEqual(Object.entries(body[2]).slice(0, 8), [
      ["timestamp", "2024-03-15T09:02:00+01:00"],
      ["backend_id", "evcc"],
      ["duration_s", 120],
      ["energy_kwh", 1],
      ["revenue", null],
      ["transaction_id", 3],
      ["connector_id", 1],
      ["id_tag", "04******D5"],
    ]);
  }, { prepare: withSessions(3) }));

Deno.test("sessions as CSV begin with the first one's columns and are a file to save", () =>
  withProxy(BACKENDS, async ({ url }) => {
    const response = await fetch(`${url}/sessions.csv`);
    match(response.headers.get("content-type") ?? "", /^text\/csv; charset=utf-8/);
    equal(
      response.headers.get("content-disposition"),
      'attachment; filename="sessions.csv"',
    );
    const lines = (await response.text()).split("\r\n");
    match(lines[0]!, /^timestamp,backend_id,duration_s,energy_kwh,revenue,/);
    match(lines[1]!, /^2024-03-15T09:00:00\+01:00,employer,0,1\.000,,1,1,04\*{6}D5,/);
    equal(lines.length, 3);
  }, { prepare: withSessions(1) }));

Deno.test("sessions are narrowed down by time, backend and number", () =>
  withProxy(BACKENDS, async ({ url }) => {
    const ids = async (query: string) => {
      const { body } = await json(fetch(`${url}/sessions?${query}`));
      return body.map((row: { transaction_id: number }) => row.transaction_id);
    };
    deepEqual(await ids("since=2024-03-15T08:07:00Z"), [8, 9]);
    deepEqual(await ids("since=2024-03-15T09:07"), [8, 9]);
    deepEqual(await ids("until=2024-03-15T08:02:00Z"), [1, 2]);
    deepEqual(await ids("until=2024-02"), []);
    deepEqual(await ids("since=2024&until=2024&backend=evcc"), [3, 6, 9]);
    deepEqual(await ids("backend="), []);
    deepEqual(await ids("limit=2"), [8, 9]);
    deepEqual(await ids("limit=2&backend=evcc"), [6, 9]);
    deepEqual(await ids("limit=1000"), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const csv = await (await fetch(`${url}/sessions.csv?limit=2`)).text();
    equal(csv.trimEnd().split("\r\n").length, 3);
  }, { prepare: withSessions(9) }));

Deno.test("a query that cannot be meant is refused, not ignored", () =>
  withProxy(BACKENDS, async ({ url }) => {
    for (
      const query of [
        "limit=0",
        "limit=1001",
        "limit=x",
        "since=yesterday",
        "until=2024-13",
        "sinc=2024",
      ]
    ) {
      const { status, body } = await json(fetch(`${url}/sessions?${query}`));
      equal(status, 400, query);
      equal(body.error, "invalid_request");
    }
  }));

Deno.test("all sessions come, however many, while others are written", () =>
  withProxy(BACKENDS, async ({ url, store }) => {
    const response = await fetch(`${url}/sessions`);
    store.commit([{ table: "session", session: session(9_999) }]);
    equal((await response.json()).length, 2_600);
  }, { prepare: withSessions(2_600) }));

Deno.test("between two pieces of the sessions everybody else has a turn", () =>
  withProxy("", async ({ handler }) => {
    const request = new Request("http://127.0.0.1/sessions");
    const response = await handler(request, { remoteAddress: "127.0.0.1" });
    let turns = 0;
    const counting = setInterval(() => turns++);
    let pieces = 0;
    for await (const _ of response.body!) pieces++;
    clearInterval(counting);
    ok(pieces >= 6 && turns >= pieces / 2, `${turns} turns in ${pieces} pieces`);
  }, { prepare: withSessions(2_600) }));

Deno.test("whole id tags need the scope control", () =>
  withProxy(TOKENS, async ({ url }) => {
    const ask = (token: string) =>
      json(fetch(`${url}/sessions?show_id_tags=1`, {
        headers: { authorization: `Bearer ${token}` },
      }));
    equal((await ask("reading-token")).status, 403);
    equal((await ask("owning-token")).body[0].id_tag, "04A2B3C4D5");
  }, { prepare: withSessions(1) }));

Deno.test("an override gives control to one backend, and null takes it back", () =>
  withProxy(BACKENDS, async ({ url, proxy }) => {
    deepEqual(await json(override(url, { backend_id: "evcc" })), {
      status: 200,
      body: { success: true, owner: "evcc", mode: "evcc", until: null },
    });
    deepEqual(proxy.report().mode, { mode: "evcc", until: null });
    deepEqual((await json(override(url, { backend_id: null }))).body, {
      success: true,
      owner: null,
      mode: "auto",
      until: null,
    });
    await override(url, { mode: "paused", until: "2099-01-31T18:00:00+01:00" });
    deepEqual(proxy.report().mode, { mode: "paused", until: "2099-01-31T17:00:00Z" });
    await override(url, { backend_id: "auto" });
    deepEqual(proxy.report().mode, { mode: "auto", until: null });
    await override(url, { mode: "owner_only" });
    equal(proxy.report().mode.mode, "owner_only");
    equal(proxy.report().decisions.length, 5);
  }));

Deno.test("an override that is wrong changes nothing and says why", () =>
  withProxy(BACKENDS, async ({ url, proxy, port }) => {
    const wrong: [unknown, Record<string, string>, number][] = [
      [{ backend_id: "nobody" }, {}, 404],
      [{}, {}, 400],
      [{ backend_id: 7 }, {}, 400],
      [{ backend_id: "evcc", mode: "auto" }, {}, 400],
      [{ mode: "evcc" }, {}, 400],
      [{ mode: "paused", untill: "2099-01-01T00:00:00Z" }, {}, 400],
      [{ mode: "paused", until: "tomorrow" }, {}, 400],
      [{ mode: "paused", until: "2020-01-01T00:00:00Z" }, {}, 400],
      [{ mode: "auto", until: "2099-01-01T00:00:00Z" }, {}, 400],
      ["{", {}, 400],
      [{ mode: "paused" }, { "content-type": "text/plain" }, 415],
      [{ mode: "paused" }, { "content-type": "application/x-www-form-urlencoded" }, 415],
      [{ mode: "paused" }, { origin: "https://evil.example" }, 403],
      [{ mode: "paused" }, { origin: "null" }, 403],
      [{ mode: "paused" }, { origin: `http://127.0.0.1:${port + 1}` }, 403],
    ];
    for (const [body, headers, expected] of wrong) {
      const { status, body: { error, reason } } = await json(override(url, body, headers));
      equal(status, expected, `${JSON.stringify(body)} ${JSON.stringify(headers)}`);
      ok(typeof error === "string" && typeof reason === "string");
    }
    deepEqual(proxy.report().mode, { mode: "auto", until: null });
    equal(proxy.report().decisions.length, 0);
    equal((await override(url, { mode: "paused" }, { origin: url })).status, 200);
  }));

Deno.test("without a token in the configuration only this machine may ask", () =>
  withProxy(BACKENDS, async ({ url, handler }) => {
    equal((await fetch(`${url}/status`)).status, 200);
    const ask = async (remoteAddress: string, target: string, headers = {}) =>
      await json(handler(new Request(target, { headers }), { remoteAddress }));
    equal((await ask("::1", "http://[::1]:9000/status")).status, 200);
    equal((await ask("127.1.2.3", "http://localhost/status")).status, 200);
    for (const address of ["192.168.1.7", "10.0.0.1", "::2", "128.0.0.1", "127.0.0.1.evil"]) {
      const { status, body } = await ask(address, "http://127.0.0.1:9000/status");
      equal(status, 403, address);
      ok(body.reason.includes("api.tokens"));
    }
    // A page whose name suddenly means 127.0.0.1, and a reverse proxy that asks for anybody.
    equal((await ask("127.0.0.1", "http://rebound.example:9000/status")).status, 403);
    const forwarded = { "x-forwarded-for": "203.0.113.9" };
    equal((await ask("127.0.0.1", "http://127.0.0.1/status", forwarded)).status, 403);
  }));

Deno.test("the host is the one that was sent", () =>
  withProxy(BACKENDS, async ({ port }) => {
    for (const [host, expected] of [["rebound.example", 403], ["127.0.0.1", 200]] as const) {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
      // fetch names the host of its URL, whatever it is told.
      get(
        { hostname: "127.0.0.1", port, path: "/status", headers: { host }, agent: false },
        (response) => {
          response.resume().on("end", () => resolve(response.statusCode));
        },
      ).on("error", reject);
      equal(await promise, expected);
    }
  }));

Deno.test("with tokens everybody needs one, in any of three ways", () =>
  withProxy(TOKENS, async ({ url }) => {
    const status = async (query: string, authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await fetch(`${url}/status${query}`, { headers });
      await response.body?.cancel();
      return response.status;
    };
    equal(await status(""), 401);
    equal(await status("", "Bearer reading-token"), 200);
    equal(await status("", `Basic ${btoa("anybody:reading-token")}`), 200);
    equal(await status("?token=reading-token"), 200);
    equal(await status("", `Basic ${btoa("reading-token")}`), 401);
    for (const path of ["/", "/status/", "/%73tatus", "/sessions", "/sessions.csv", "/override/"]) {
      equal((await json(fetch(`${url}${path}`))).status, 401, path);
    }
    const { headers, body } = await fetch(`${url}/status`);
    await body?.cancel();
    match(headers.get("www-authenticate") ?? "", /^Bearer .*Basic /);
  }));

Deno.test("reading is not deciding, and a token in the URL decides nothing", () =>
  withProxy(TOKENS, async ({ url, proxy }) => {
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    const refused = await json(override(url, { mode: "paused" }, bearer("reading-token")));
    equal(refused.status, 403);
    match(refused.body.reason, /scope control/);
    const byQuery = await fetch(`${url}/override?token=owning-token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"mode":"paused"}',
    });
    equal((await json(byQuery)).status, 401);
    equal(proxy.report().mode.mode, "auto");
    const granted = await override(url, { mode: "paused" }, bearer("owning-token"));
    equal((await json(granted)).status, 200);
  }));

Deno.test("after five wrong tokens of an address none is looked at for a while", () =>
  withProxy(TOKENS, async ({ handler, logged }) => {
    const ask = async (token: string, remoteAddress: string) => {
      const request = new Request("http://proxy/status", {
        headers: { authorization: `Bearer ${token}` },
      });
      return (await handler(request, { remoteAddress })).status;
    };
    for (let i = 0; i < 5; i++) equal(await ask(`guess-${i}`, "192.168.1.66"), 401);
    equal(await ask("owning-token", "192.168.1.66"), 429);
    equal(await ask("owning-token", "192.168.1.7"), 200);
    const warnings = logged.filter((line) => line.includes("192.168.1.66"));
    equal(warnings.length, 5);
    doesNotMatch(logged.join("\n"), /guess-|owning-token/);
  }));

Deno.test("tokens are those of the newest configuration", () =>
  withProxy(TOKENS, async ({ url, configure }) => {
    const ask = async (token: string) => {
      const response = await fetch(`${url}/status?token=${token}`);
      await response.body?.cancel();
      return response.status;
    };
    equal(await ask("reading-token"), 200);
    configure("api: { tokens: [{ name: new, token: newer-token, scopes: [read] }] }");
    equal(await ask("reading-token"), 401);
    equal(await ask("newer-token"), 200);
  }));

Deno.test("health is open to everybody, and only readiness depends on the database", () =>
  withProxy(TOKENS, async ({ url, proxy, dataDir, handler }) => {
    const ask = async (path: string) => {
      const response = await handler(new Request(`http://proxy${path}`), {
        remoteAddress: "192.168.1.7",
      });
      return [response.status, await response.text()];
    };
    deepEqual(await ask("/healthz"), [200, "ok\n"]);
    deepEqual(await ask("/readyz"), [200, "ready\n"]);
    const other = new DatabaseSync(databasePath(dataDir));
    try {
      other.exec("BEGIN IMMEDIATE");
      proxy.setMode({ mode: "paused" });
      await until(() => proxy.storeFailure, 10_000, "a write that fails");
      deepEqual(await ask("/healthz"), [200, "ok\n"]);
      deepEqual(await ask("/readyz"), [503, "not ready: the database takes no writes\n"]);
      const headers = { authorization: "Bearer reading-token" };
      match(await (await fetch(url, { headers })).text(), /The database takes no writes: another/);
    } finally {
      other.close();
    }
    await until(() => proxy.storeFailure === undefined, 10_000, "a write that succeeds");
    deepEqual(await ask("/readyz"), [200, "ready\n"]);
  }));

Deno.test("where WebSockets belong, plain HTTP hears so; elsewhere there is nothing", () =>
  withProxy(TOKENS, async ({ url }) => {
    for (const path of ["/charger", "/charger/CP001", "///charger/CP001", "/backend/evcc"]) {
      const { status, body } = await json(fetch(`${url}${path}`));
      equal(status, 426, path);
      match(body.reason, /WebSocket/);
    }
    for (const path of ["/favicon.ico", "/status/x", "/api/v1", "/api/v2/status", "/..%2fstatus"]) {
      const { status, body } = await json(fetch(`${url}${path}`));
      equal(status, 404, path);
      equal(body.error, "not_found");
    }
  }));

Deno.test("another method than the route's is refused with those that it takes", () =>
  withProxy("", async ({ url }) => {
    for (
      const [method, path, allow] of [
        ["POST", "/status", "GET, HEAD"],
        ["DELETE", "/sessions", "GET, HEAD"],
        ["GET", "/override", "POST"],
        ["OPTIONS", "/override", "POST"],
        ["PUT", "/healthz", "GET, HEAD"],
      ] as const
    ) {
      const response = await fetch(`${url}${path}`, { method });
      equal(response.headers.get("allow"), allow);
      equal((await json(response)).status, 405);
    }
    const head = await fetch(`${url}/sessions`, { method: "HEAD" });
    equal(head.status, 200);
    equal(await head.text(), "");
  }));

Deno.test("a database that fails is told without its insides", () =>
  withProxy("", async ({ url, dataDir, logged }) => {
    await Deno.remove(databasePath(dataDir));
    for (const path of ["/sessions", "/sessions.csv"]) {
      const { status, body } = await json(fetch(`${url}${path}`));
      equal(status, 503);
      equal(body.error, "database");
      doesNotMatch(JSON.stringify(body), /\.ts|\bat /);
    }
    equal(logged.filter((line) => line.includes("a request failed")).length, 2);
  }));

Deno.test("a database that fails half-way through the day is told by the status too", () =>
  withProxy("", async ({ url, dataDir }) => {
    await (await fetch(`${url}/sessions`)).body?.cancel();
    const other = new DatabaseSync(databasePath(dataDir));
    other.exec("ALTER TABLE session RENAME TO elsewhere");
    other.close();
    for (const path of ["/sessions", "/sessions.csv"]) {
      equal((await json(fetch(`${url}${path}`))).status, 503, path);
    }
  }));
