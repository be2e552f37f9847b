// /api/v1 of a real proxy: pages, override, questions, facts, and what is refused with which words.

import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { DecisionRecord } from "../../src/core/record.ts";
import { databasePath } from "../../src/io/database.ts";
import type { Store } from "../../src/io/store.ts";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { NOW, session } from "./store_fixture.ts";

const HOUSE = `
backends:
  - { id: employer, role: biller, token: e }
  - { id: evcc, role: controller, token: v }
  - { id: neighbour, role: biller, token: n }
facts:
  - { name: sensor.house_power }
  - { name: season, value: winter }
rules:
  - { name: strangers must ask, when: 'backend == "neighbour"', then: ask, ask_timeout_s: 60 }
  - { name: gentle, when: 'number(ha("sensor.house_power")) > 4000', then: deny }
`;

const TOKENS = `
api:
  tokens:
    - { name: screen, token: reading-token, scopes: [read] }
    - { name: owner, token: owning-token, scopes: [read, control] }
    - { name: hand, token: steering-token, scopes: [control] }
`;

interface Said {
  readonly status: number;
  // deno-lint-ignore no-explicit-any
  readonly body: any;
  readonly headers: Headers;
}

async function ask(
  url: string,
  path: string,
  options: { method?: string; body?: unknown; token?: string; type?: string } = {},
): Promise<Said> {
  const { method, body, token, type = "application/json" } = options;
  const response = await fetch(`${url}${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...body !== undefined && { "content-type": type },
      ...token !== undefined && { authorization: `Bearer ${token}` },
    },
    ...body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) },
  });
  match(response.headers.get("content-type") ?? "", /^application\/json/);
  return { status: response.status, body: await response.json(), headers: response.headers };
}

function decision(at: number, changes: Partial<DecisionRecord> = {}): DecisionRecord {
  return {
    at,
    backendId: "evcc",
    request: "request_control",
    outcome: "granted",
    rule: null,
    reason: "granted: nobody else holds control",
    ...changes,
  };
}

/** `count` sessions, each ended a minute after the one before; every third is evcc's. */
function withSessions(count: number) {
  return (store: Store) =>
    store.commit(Array.from({ length: count }, (_, index) => ({
      table: "session" as const,
      session: session(index + 1, {
        backendId: index % 3 === 2 ? "evcc" : "employer",
        // Two of them at the same instant.
        stoppedAt: NOW + (index === 4 ? 3 : index) * 60_000,
        energyWh: 1_000,
      }),
    })));
}

/** Puts a question to the owner: the neighbour asks for control. */
async function neighbourAsks({ port, proxy }: RunningProxy) {
  const charger = await strictCharger(`ws://127.0.0.1:${port}/charger`, "CP001");
  await bootStrictCharger(charger);
  const neighbour = new WebSocket(`ws://127.0.0.1:${port}/backend/neighbour?token=n`);
  const replies: Record<string, unknown>[] = [];
  neighbour.addEventListener("message", ({ data }) => void replies.push(JSON.parse(data)));
  await new Promise((resolve) => neighbour.addEventListener("open", resolve));
  neighbour.send(JSON.stringify({ action: "request_control", reason: "please" }));
  await until(() => proxy.report().questions.length > 0, 5_000, "the question");
  return {
    replies,
    async close() {
      const closed = new Promise((resolve) => neighbour.addEventListener("close", resolve));
      neighbour.close();
      await closed;
      await charger.close();
    },
  };
}

Deno.test("status and backends are those of /status", () =>
  withProxy(HOUSE, async ({ url }) => {
    const [old, status, backends] = await Promise.all(
      ["/status", "/api/v1/status", "/api/v1/backends"].map((path) => ask(url, path)),
    );
    deepEqual(status?.body, old?.body);
    deepEqual(backends?.body, { backends: old?.body.backends });
    equal(backends?.body.backends.length, 3);
  }));

Deno.test("sessions come in pages, the newest first, none twice and none left out", () =>
  withProxy(HOUSE, async ({ url }) => {
    const ids: number[] = [];
    let path: string | undefined = "/api/v1/sessions?limit=2";
    let pages = 0;
    while (path !== undefined) {
      const { body, headers }: Said = await ask(url, path);
      ids.push(...body.sessions.map((row: { transaction_id: number }) => row.transaction_id));
      const link: string | undefined = /^<(.*)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1];
      equal(link, body.next === null ? undefined : `/api/v1/sessions?limit=2&after=${body.next}`);
      path = link;
      pages++;
    }
    deepEqual(ids, [7, 6, 5, 4, 3, 2, 1]);
    equal(pages, 4);
    const [first] =
      (await ask(url, "/api/v1/sessions?backend=evcc&until=2024-03-15")).body.sessions;
    deepEqual([first.transaction_id, first.id_tag], [6, "04******D5"]);
    deepEqual((await ask(url, "/api/v1/sessions?since=2025")).body, { sessions: [], next: null });
  }, { prepare: withSessions(7) }));

Deno.test("a page of sessions as CSV is a file of its own", () =>
  withProxy(HOUSE, async ({ url }) => {
    const response = await fetch(`${url}/api/v1/sessions?format=csv&limit=2&token=x`);
    match(response.headers.get("content-type") ?? "", /^text\/csv/);
    const link = response.headers.get("link") ?? "";
    match(link, /after=/);
    doesNotMatch(link, /token/);
    const lines = (await response.text()).trimEnd().split("\r\n");
    equal(lines.length, 3);
    match(lines[0]!, /^timestamp,backend_id,/);
    match(lines[1]!, /^2024-03-15T09:02:00\+01:00,evcc,/);
  }, { prepare: withSessions(3) }));

Deno.test("decisions are read from the database, the newest first, filtered and in pages", () =>
  withProxy(HOUSE, async ({ url, proxy }) => {
    const all = async (query: string) => (await ask(url, `/api/v1/decisions${query}`)).body;
    const ids = async (query: string) =>
      (await all(query)).decisions.map(({ id }: { id: number }) => id);
    deepEqual(await ids(""), [4, 3, 2, 1]);
    deepEqual((await all("?limit=1&after=4")).decisions, [{
      id: 3,
      time: "2024-03-15T08:02:00Z",
      backend_id: "evcc",
      request: "request_control",
      outcome: "denied",
      rule: "gentle",
      reason: "denied: rule 'gentle' — because",
    }]);
    deepEqual(await ids("?outcome=denied"), [3]);
    deepEqual(await ids("?backend=employer"), [2]);
    deepEqual(await ids("?backend="), [4]);
    deepEqual(await ids("?since=2024-03-15T08:02:00Z&until=2024-03-15T08:03:00Z"), [3]);
    const page = await all("?limit=3");
    equal(page.next, "2");
    deepEqual(await all(`?limit=3&after=${page.next}`), {
      decisions: [{ ...page.decisions[0], ...(await all("?after=2")).decisions[0] }],
      next: null,
    });
    proxy.setMode({ mode: "paused" });
    equal((await all("?limit=1")).decisions[0].reason, "the owner has paused charging", "at once");
  }, {
    prepare: (store) =>
      store.commit([
        decision(NOW),
        decision(NOW + 60_000, { backendId: "employer" }),
        decision(NOW + 120_000, {
          outcome: "denied",
          rule: "gentle",
          reason: "denied: rule 'gentle' — because",
        }),
        decision(NOW + 180_000, { backendId: null }),
      ].map((row) => ({ table: "decision", row }))),
  }));

Deno.test("the owner's word: modes, a backend, a limit, each with its end", () =>
  withProxy(HOUSE, async ({ url }) => {
    const say = async (body: unknown) => (await ask(url, "/api/v1/override", { body })).body;
    const auto = { mode: "auto", backend_id: null, until: null, limit_a: null, limit_until: null };
    deepEqual((await ask(url, "/api/v1/override")).body, auto);
    const end = "2099-01-31T17:00:00Z";
    deepEqual(await say({ mode: "paused", until: "2099-01-31T18:00:00+01:00" }), {
      ...auto,
      mode: "paused",
      until: end,
    });
    deepEqual(await say({ limit_a: 10.5 }), { ...auto, mode: "paused", until: end, limit_a: 10.5 });
    const given = { ...auto, mode: "backend", backend_id: "evcc" };
    deepEqual(await say({ mode: "backend", backend_id: "evcc", limit_a: 8, until: end }), {
      ...given,
      until: end,
      limit_a: 8,
      limit_until: end,
    });
    deepEqual(await say({ limit_a: null }), { ...given, until: end });
    deepEqual(await say({ mode: "auto", limit_a: 6, until: end }), {
      ...auto,
      limit_a: 6,
      limit_until: end,
    });
    deepEqual(await say({ mode: "auto" }), auto, "auto takes the limit back");
    const { limit_until } = await say({ limit_a: 0, for_s: 7_200 });
    ok(Math.abs(Date.parse(limit_until) - Date.now() - 7_200_000) < 5_000);
    deepEqual((await ask(url, "/api/v1/override")).body, { ...auto, limit_a: 0, limit_until });
  }));

Deno.test("a word that could not be written counts, and says that it will not last", () =>
  withProxy(HOUSE, async ({ url, proxy, dataDir }) => {
    const say = async (path: string, body: unknown) => (await ask(url, path, { body })).body;
    using other = new DatabaseSync(databasePath(dataDir));
    other.exec("BEGIN IMMEDIATE");
    const { mode, warning } = await say("/api/v1/override", { mode: "paused" });
    deepEqual([mode, proxy.report().mode.mode], ["paused", "paused"]);
    match(warning, /cannot be written/);
    match((await say("/override", { mode: "owner_only" })).warning, /cannot be written/);
    other.exec("ROLLBACK");
    deepEqual((await say("/api/v1/override", { mode: "paused" })).warning, undefined);
  }));

Deno.test("a word that makes no sense changes nothing and says why", () =>
  withProxy(HOUSE, async ({ url, proxy }) => {
    const wrong: [unknown, number, RegExp][] = [
      [{}, 400, /expected "mode" or "limit_a"/],
      [{ mode: "pause" }, 400, /^mode: expected \("auto"/],
      [{ mode: "backend" }, 400, /"backend_id" goes with the mode backend|backend_id/],
      [{ mode: "auto", backend_id: "evcc" }, 400, /backend_id/],
      [{ mode: "backend", backend_id: "nobody" }, 404, /no backend "nobody"/],
      [{ limit_a: -1 }, 400, /^limit_a: expected a number from 0 to 80$/],
      [{ limit_a: 81 }, 400, /0 to 80/],
      [{ limit_a: "10" }, 400, /^limit_a: expected/],
      [{ limit: 10 }, 400, /there is no key "limit"; did you mean 'limit_a'\?/],
      [{ mode: "paused", until: "tomorrow" }, 400, /a time to come/],
      [{ mode: "paused", until: "2020-01-01T00:00:00Z" }, 400, /a time to come/],
      [{ mode: "paused", for_s: 0 }, 400, /for_s: expected 1 to/],
      [{ mode: "paused", for_s: 1.5 }, 400, /for_s: expected whole seconds/],
      [{ mode: "paused", for_s: 9, until: "2099-01-01T00:00:00Z" }, 400, /not both/],
      [{ mode: "auto", for_s: 60 }, 400, /auto has no end/],
      [{ limit_a: null, for_s: 60 }, 400, /taking a limit back has no end/],
      ["{", 400, /no JSON/],
      ["[]", 400, /expected an object/],
      [JSON.stringify({ mode: "paused", x: "x".repeat(20_000) }), 413, /16384 bytes/],
    ];
    for (const [body, status, reason] of wrong) {
      const said = await ask(url, "/api/v1/override", { body });
      equal(said.status, status, JSON.stringify(body).slice(0, 80));
      match(said.body.reason, reason);
      equal(typeof said.body.error, "string");
    }
    const text = { body: '{"mode":"paused"}', type: "text/plain" };
    equal((await ask(url, "/api/v1/override", text)).status, 415);
    deepEqual(proxy.report().mode, { mode: "auto", until: null });
    equal(proxy.report().owner_limit, null);
    equal(proxy.report().decisions.length, 0);
  }));

Deno.test("a body that is longer than announced is refused as well", () =>
  withProxy(HOUSE, async ({ url }) => {
    const pieces = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(4_096).fill(0x20)),
    });
    const response = await fetch(`${url}/api/v1/override`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: pieces,
    });
    equal(response.status, 413);
    equal((await response.json()).error, "too_large");
  }));

Deno.test("the owner sees what is asked, says yes once, and the one who asked hears it", () =>
  withProxy(HOUSE, async (running) => {
    const { url } = running;
    deepEqual((await ask(url, "/api/v1/requests")).body, { requests: [] });
    const neighbour = await neighbourAsks(running);
    const { requests: [question] } = (await ask(url, "/api/v1/requests")).body;
    deepEqual(
      { ...question, asked_at: "", deadline: "" },
      {
        id: 1,
        backend_id: "neighbour",
        action: "request_control",
        connector_id: null,
        id_tag: null,
        id_tag_name: null,
        rule: "strangers must ask",
        reason: 'backend is neighbour; it says "please"',
        asked_at: "",
        deadline: "",
        default: "deny",
      },
    );
    const page = await (await fetch(url)).text();
    ok(page.includes(`data-question="1"`));
    const answer = (id: string, body: unknown) => ask(url, `/api/v1/requests/${id}`, { body });
    for (const id of ["2", "0", "x", "1e0", "99999999999999999999"]) {
      const unknown = await answer(id, { decision: "allow" });
      deepEqual([unknown.status, unknown.body.error], [404, "unknown_request"], id);
    }
    equal((await answer("1", { decision: "yes" })).status, 400);
    const said = await answer("1", { decision: "allow" });
    deepEqual([said.status, said.body], [200, {
      id: 1,
      decision: "allow",
      backend_id: "neighbour",
      rule: "strangers must ask",
    }]);
    const again = await answer("1", { decision: "deny" });
    deepEqual([again.status, again.body.error], [409, "already_decided"]);
    await until(
      () => neighbour.replies.some(({ type }) => type === "control_granted"),
      5_000,
      "the neighbour to hear it",
    );
    await neighbour.close();
  }));

Deno.test("facts are told, kept with their age, and only where something uses them", () =>
  withProxy(HOUSE, async ({ url, proxy }) => {
    const put = (name: string, body: unknown) =>
      ask(url, `/api/v1/facts/${name}`, { method: "PUT", body });
    deepEqual((await ask(url, "/api/v1/facts")).body.facts, [{
      name: "sensor.house_power",
      value: null,
      attributes: {},
      state: "unknown",
      at: null,
      since: null,
      age_s: null,
      used_by: ["rule 'gentle'"],
    }, {
      name: "season",
      value: "winter",
      attributes: {},
      state: "known",
      at: null,
      since: null,
      age_s: null,
      used_by: [],
    }]);
    const told = await put("sensor.house_power", { value: 5000.5, attributes: { unit: "W" } });
    equal(told.status, 200);
    deepEqual(
      { ...told.body, at: "", since: "" },
      {
        name: "sensor.house_power",
        value: "5000.5",
        attributes: { unit: "W" },
        state: "known",
        at: "",
        since: "",
        age_s: 0,
        used_by: ["rule 'gentle'"],
      },
    );
    equal((await put("sensor.house_power", { value: null })).body.value, "5000.5");
    equal((await put("sensor%2ehouse_power", { value: true })).body.value, "true");
    const near = await put("sensor.house_powr", { value: 1 });
    deepEqual([near.status, near.body.error], [404, "unknown_fact"]);
    match(near.body.reason, /did you mean 'sensor\.house_power'\?/);
    const wrong: unknown[] = [
      {},
      { value: [1] },
      { value: "x".repeat(256) },
      { value: 1, attribute: {} },
      { value: 1, attributes: { list: "x".repeat(9_000) } },
      { value: 1, attributes: "W" },
      { value: 1, attributes: [] },
    ];
    for (const body of wrong) equal((await put("season", body)).status, 400, JSON.stringify(body));
    equal(proxy.facts().find(({ name }) => name === "season")?.value, "winter");
  }));

Deno.test("reading and deciding need their scopes, on every route", () =>
  withProxy(TOKENS + HOUSE, async ({ url }) => {
    const reads = [
      "status",
      "sessions",
      "decisions",
      "backends",
      "requests",
      "override",
      "facts",
      "openapi.json",
    ];
    for (const name of reads) {
      const path = `/api/v1/${name}`;
      equal((await ask(url, path)).status, 401, name);
      equal((await ask(url, path, { token: "reading-token" })).status, 200, name);
      equal((await ask(url, path, { token: "steering-token" })).status, 403, name);
    }
    const writes: [string, string, unknown][] = [
      ["POST", "override", { mode: "paused" }],
      ["POST", "requests/1", { decision: "allow" }],
      ["PUT", "facts/season", { value: "summer" }],
    ];
    for (const [method, name, body] of writes) {
      const refused = await ask(url, `/api/v1/${name}`, { method, body, token: "reading-token" });
      equal(refused.status, 403, name);
      match(refused.body.reason, /scope control/);
      equal((await ask(url, `/api/v1/${name}?token=steering-token`, { method, body })).status, 401);
      const { status } = await ask(url, `/api/v1/${name}`, {
        method,
        body,
        token: "steering-token",
      });
      equal(status, name === "requests/1" ? 404 : 200);
    }
    const whole = "/api/v1/sessions?show_id_tags=1";
    equal((await ask(url, whole, { token: "reading-token" })).status, 403);
    equal((await ask(url, whole, { token: "owning-token" })).status, 200);
  }));

Deno.test("without tokens only this machine may decide", () =>
  withProxy(HOUSE, async ({ handler, proxy }) => {
    const request = () =>
      new Request("http://127.0.0.1:9000/api/v1/override", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"mode":"paused"}',
      });
    equal((await handler(request(), { remoteAddress: "192.168.1.7" })).status, 403);
    equal(proxy.report().mode.mode, "auto");
    equal((await handler(request(), { remoteAddress: "127.0.0.1" })).status, 200);
    equal(proxy.report().mode.mode, "paused");
  }));

Deno.test("another method, and a query that cannot be meant, are refused", () =>
  withProxy(HOUSE, async ({ url }) => {
    const methods: [string, string, string][] = [
      ["DELETE", "/api/v1/override", "GET, HEAD, POST"],
      ["GET", "/api/v1/requests/1", "POST"],
      ["POST", "/api/v1/facts/season", "PUT"],
      ["PUT", "/api/v1/events", "GET, HEAD"],
    ];
    for (const [method, path, allow] of methods) {
      const { status, headers } = await ask(url, path, { method });
      deepEqual([status, headers.get("allow")], [405, allow], `${method} ${path}`);
    }
    const queries = [
      "sessions?show_id_tags=yes",
      "sessions?limit=0",
      "sessions?limit=1001",
      "sessions?after=x",
      "sessions?format=xml",
      "sessions?limit=1&limit=2",
      "sessions?outcome=denied",
      "decisions?outcome=maybe",
      "decisions?after=-1",
      "decisions?since=yesterday",
      "status?x=1",
      "backends?limit=1",
      "events?after=1",
    ];
    for (const path of queries) {
      const { status, body } = await ask(url, `/api/v1/${path}`);
      deepEqual([status, body.error], [400, "invalid_request"], path);
    }
  }));
