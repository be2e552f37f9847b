// Server-Sent Events of a real proxy: everybody hears everything once; slow and silent ones go.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { createApi } from "../../src/io/api.ts";
import { ApiEvents, MAX_LISTENERS } from "../../src/io/api_events.ts";
import { EventFeed } from "../../src/io/event_feed.ts";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";

const BACKENDS = `
backends:
  - { id: evcc, role: controller, token: v }
  - { id: employer, role: biller, token: e }
`;

interface Heard {
  readonly id: string | undefined;
  readonly type: string;
  // deno-lint-ignore no-explicit-any
  readonly data: any;
}

/** Reads a stream of events until it is stopped. */
class Listener {
  readonly events: Heard[] = [];
  text = "";
  /** The stream has ended by itself. */
  ended = false;
  readonly #abort = new AbortController();
  #reading: Promise<void> | undefined;

  async open(url: string, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(url, { headers, signal: this.#abort.signal });
    this.#reading = this.#read(response).catch(() => {});
    return response;
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    await this.#reading;
  }

  async #read(response: Response): Promise<void> {
    let rest = "";
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      this.text += piece;
      const blocks = (rest + piece).split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
        const [type, data] = [field("event"), field("data")];
        if (type && data) this.events.push({ id: field("id"), type, data: JSON.parse(data) });
      }
    }
    this.ended = true;
  }
}

/** The proxy has no listener left: nothing is kept of those that went. */
async function nobodyLeft({ url, proxy }: RunningProxy): Promise<void> {
  const all = await Promise.all(
    Array.from({ length: MAX_LISTENERS }, async () => {
      const listener = new Listener();
      const { status } = await listener.open(`${url}/api/v1/events`);
      return { listener, status };
    }),
  );
  await Promise.all(all.map(({ listener }) => listener.close()));
  deepEqual(all.map(({ status }) => status), all.map(() => 200));
  ok(proxy);
}

Deno.test("what happens is told as it happens, once, and without whole id tags", () =>
  withProxy(BACKENDS, async ({ url, port, proxy }) => {
    const listener = new Listener();
    const response = await listener.open(`${url}/api/v1/events`);
    equal(response.status, 200);
    equal(response.headers.get("content-type"), "text/event-stream");
    equal(response.headers.get("cache-control"), "no-store");
    // Two that listen by the JSON protocol make no event come twice.
    const backends = ["evcc?token=v", "employer?token=e"].map((path) =>
      new WebSocket(`ws://127.0.0.1:${port}/backend/${path}`)
    );
    await Promise.all(
      backends.map((socket) => new Promise((resolve) => socket.addEventListener("open", resolve))),
    );
    const charger = await strictCharger(`ws://127.0.0.1:${port}/charger`, "CP001");
    await bootStrictCharger(charger);
    const { transactionId } = await charger.call("StartTransaction", {
      connectorId: 1,
      idTag: "04A2B3C4D5",
      meterStart: 0,
      timestamp: new Date().toISOString(),
    }) as { transactionId: number };
    await charger.call("Heartbeat", {});
    await charger.call("StopTransaction", {
      transactionId,
      meterStop: 1_000,
      timestamp: new Date().toISOString(),
    });
    proxy.setMode({ mode: "paused" });
    await charger.close();
    await until(() => listener.types().includes("charger_disconnected"), 5_000, "the end");
    deepEqual(listener.types().filter((type) => type !== "status"), [
      "charger_connected",
      "boot",
      "transaction_started",
      // Whose card it is.
      "decision",
      "transaction_stopped",
      "session",
      "decision",
      "charger_disconnected",
    ]);
    equal(listener.events.find(({ type }) => type === "session")?.data.energy_kwh, 1);
    equal(
      listener.events.findLast(({ type }) => type === "decision")?.data.reason,
      "the owner has paused charging",
    );
    ok(listener.events.every(({ type, data }) => data.type === type && data.time.endsWith("Z")));
    ok(!listener.text.includes("04A2B3C4D5"));
    equal(new Set(listener.events.map(({ id }) => id)).size, listener.events.length);
    await listener.close();
    for (const socket of backends) {
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      socket.close();
      await closed;
    }
  }));

Deno.test("who comes back with its last number misses nothing", () =>
  withProxy(BACKENDS, async ({ url, proxy }) => {
    const events = `${url}/api/v1/events`;
    const first = new Listener();
    await first.open(events);
    proxy.setMode({ mode: "paused" });
    await until(() => first.events.length === 1, 5_000, "an event");
    await first.close();
    proxy.setMode({ mode: "owner_only" });
    proxy.setMode({ mode: "auto" });
    const reasons = ({ events }: Listener) => events.map(({ data }) => data.reason);
    const missing = ["the owner has switched sharing off", "the owner lets backends take control"];
    for (
      const [query, headers] of [
        ["", { "last-event-id": first.events[0]!.id! }],
        [`?last_event_id=${first.events[0]!.id}`, {}],
      ] as const
    ) {
      const second = new Listener();
      await second.open(events + query, { ...headers });
      await until(() => second.events.length === 2, 5_000, "what was missed");
      deepEqual(reasons(second), missing);
      await second.close();
    }
    const stranger = new Listener();
    await stranger.open(events, { "last-event-id": "0-7" });
    await until(() => stranger.events.length > 0, 5_000, "an answer");
    equal(stranger.types()[0], "missed");
    await stranger.close();
  }));

Deno.test("only so many may listen, and who goes makes room at once", () =>
  withProxy(BACKENDS, async (running) => {
    const listeners = await Promise.all(
      Array.from({ length: MAX_LISTENERS }, async () => {
        const listener = new Listener();
        await listener.open(`${running.url}/api/v1/events`);
        return listener;
      }),
    );
    const refused = await fetch(`${running.url}/api/v1/events`);
    equal(refused.status, 503);
    equal((await refused.json()).error, "too_many_listeners");
    running.proxy.setMode({ mode: "paused" });
    await until(() => listeners.every(({ events }) => events.length === 1), 5_000, "all to hear");
    await Promise.all(listeners.map((listener) => listener.close()));
    await pause(100);
    await nobodyLeft(running);
    const head = await fetch(`${running.url}/api/v1/events`, { method: "HEAD" });
    deepEqual([head.status, await head.text()], [200, ""]);
    await pause(100);
    await nobodyLeft(running);
    deepEqual(running.logged.filter((line) => /^error/.test(line)), []);
  }));

Deno.test("a listener that does not read is let go; the others hear everything", () =>
  withProxy(BACKENDS, async ({ url, port, proxy, logged }) => {
    const reader = new Listener();
    await reader.open(`${url}/api/v1/events`);
    const sleeper = await Deno.connect({ hostname: "127.0.0.1", port });
    await sleeper.write(
      new TextEncoder().encode("GET /api/v1/events HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"),
    );
    await pause(200);
    const text = "x".repeat(8_000);
    const count = 2_000;
    for (let n = 0; n < count; n++) {
      proxy.feed.publish({ type: "note", n, text });
      if (n % 10 === 0) await pause(0);
    }
    proxy.feed.publish({ type: "last" });
    await until(() => reader.types().includes("last"), 20_000, "the last event");
    deepEqual(
      reader.events.filter(({ type }) => type === "note").map(({ data }) => data.n),
      Array.from({ length: count }, (_, n) => n),
    );
    // What the kernels hold is left to read, then it ends properly, long before what was sent.
    let bytes = 0;
    let tail = "";
    const buffer = new Uint8Array(65_536);
    for (let read = await sleeper.read(buffer); read !== null; read = await sleeper.read(buffer)) {
      bytes += read;
      tail = (tail + new TextDecoder().decode(buffer.subarray(0, read))).slice(-5);
    }
    sleeper.close();
    equal(tail, "0\r\n\r\n");
    ok(bytes < count * text.length, `${bytes} bytes`);
    await reader.close();
    deepEqual(logged.filter((line) => /^error/.test(line)), []);
  }));

Deno.test("what waits for a slow listener is bounded, and the stream then ends", async () => {
  const feed = new EventFeed("1", Date.now);
  const events = new ApiEvents(feed, { unsentBytes: 1_000 });
  const response = events.respond(undefined, () => true);
  equal(events.size, 1);
  for (let n = 0; n < 100; n++) feed.publish({ type: "note", text: "x".repeat(100) });
  equal(events.size, 0);
  const text = await response.text();
  ok(text.length > 1_000 && text.length < 1_300, `${text.length} characters`);
  ok(text.endsWith("\n\n"), "no event is cut in two");
});

Deno.test("silence is broken by comments, and a token that is taken away ends the stream", async () => {
  const feed = new EventFeed("1", Date.now);
  const events = new ApiEvents(feed, { commentMs: 20 });
  let allowed = true;
  const response = events.respond(undefined, () => allowed);
  setTimeout(() => allowed = false, 110);
  match(await response.text(), /^retry: 3000\n\n(:\n\n){2,5}$/);
  equal(events.size, 0);
});

Deno.test("a new configuration with other tokens ends who listened by the old ones", () =>
  withProxy(
    "api: { tokens: [{ name: a, token: reading-token, scopes: [read] }] }",
    async ({ proxy, configure }) => {
      const { handler, close } = createApi(proxy, () => {}, { limits: { commentMs: 20 } });
      const ask = (token: string) =>
        handler(new Request(`http://proxy/api/v1/events?token=${token}`), {
          remoteAddress: "192.168.1.7",
        });
      equal((await ask("wrong")).status, 401);
      const listening = (await ask("reading-token")).text().then(() => "ended");
      equal(await Promise.race([listening, pause(100)]), undefined);
      configure("api: { tokens: [{ name: a, token: another-token, scopes: [read] }] }");
      equal(await listening, "ended");
      close();
    },
  ));
