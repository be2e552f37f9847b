// A stand-in for Home Assistant's WebSocket and REST interfaces as they are documented, that can fail
// in ways the real one cannot be made to. The real one is in tests/interop.

import type { JsonObject } from "../../src/ocpp/json.ts";

/** One service call as it came. */
export interface ServiceCall {
  readonly domain: string;
  readonly service: string;
  readonly data: JsonObject;
  readonly target: JsonObject | undefined;
}

interface Client {
  readonly socket: WebSocket;
  /** Subscriptions: id → entity ids, or an event type. */
  readonly entities: Map<number, readonly string[]>;
  readonly events: Map<number, string>;
}

export class FakeHomeAssistant {
  readonly token = "long-lived";
  /** How it answers: as it should, with a wrong token, never, or not to pings. */
  mood: "well" | "silent" | "deaf" = "well";
  /** Services that are there; others are not found. */
  readonly services = new Set([
    "persistent_notification.create",
    "persistent_notification.dismiss",
  ]);
  /** Services that are there, and never answer. */
  readonly hanging = new Set<string>();
  /** Calls of them. */
  hung = 0;
  readonly states = new Map<string, { state: string; attributes: JsonObject }>();
  readonly calls: ServiceCall[] = [];
  /** Events that somebody has put onto its bus. */
  readonly fired: { readonly type: string; readonly data: JsonObject }[] = [];
  readonly posted = new Map<string, JsonObject>();
  /** Tokens that were refused, and connections that were opened. */
  refused = 0;
  opened = 0;
  readonly #clients = new Set<Client>();
  #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(port = 0) {
    this.#server = this.#serve(port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  get yaml(): string {
    return `home_assistant: { url: "${this.url}", token: ${this.token} }\n`;
  }

  /** The entities that somebody follows now, in order. */
  get followed(): string[] {
    return [...this.#clients].flatMap(({ entities }) => [...entities.values()].flat()).sort();
  }

  /** Sets a state and tells whoever follows. */
  set(id: string, state: string, attributes: JsonObject = {}): void {
    const known = this.states.has(id);
    this.states.set(id, { state, attributes });
    const compressed = { s: state, a: attributes };
    const event = known ? { c: { [id]: { "+": compressed } } } : { a: { [id]: compressed } };
    for (const client of this.#clients) {
      for (const [number, ids] of client.entities) {
        if (ids.includes(id)) send(client, { id: number, type: "event", event });
      }
    }
  }

  /** Anything at all, to whoever is connected. */
  raw(data: string | Uint8Array<ArrayBuffer>): void {
    for (const { socket } of this.#clients) {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    }
  }

  /** The ids of subscriptions to events, by type. */
  subscription(type: string): number | undefined {
    for (const { events } of this.#clients) {
      for (const [id, name] of events) if (name === type) return id;
    }
    return undefined;
  }

  /** Somebody has tapped on a notification. */
  tap(action: string): void {
    this.fire("mobile_app_notification_action", { action });
  }

  /** An event on its bus. */
  fire(event_type: string, data: JsonObject): void {
    const event = { event_type, data };
    for (const client of this.#clients) {
      for (const [id, type] of client.events) {
        if (type === event.event_type) send(client, { id, type: "event", event });
      }
    }
  }

  /** Restarts: connections are lost, and so are posted states. */
  async restart(downMs: number): Promise<void> {
    const { port } = this.#server.addr;
    await this.close();
    this.posted.clear();
    await new Promise((resolve) => setTimeout(resolve, downMs));
    this.#server = this.#serve(port);
  }

  async close(): Promise<void> {
    for (const { socket } of this.#clients) socket.close();
    this.#clients.clear();
    await this.#server.shutdown();
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/api/websocket") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      this.#welcome(socket);
      return response;
    }
    if (request.headers.get("authorization") !== `Bearer ${this.token}`) {
      await request.body?.cancel();
      return new Response(null, { status: 401 });
    }
    const [, id] = /^\/api\/states\/(.+)$/.exec(pathname) ?? [];
    if (id === undefined) return new Response(null, { status: 404 });
    if (request.method === "DELETE") {
      return new Response(null, { status: this.posted.delete(id) ? 200 : 404 });
    }
    this.posted.set(id, await request.json());
    return Response.json({}, { status: 201 });
  }

  #welcome(socket: WebSocket): void {
    const client: Client = { socket, entities: new Map(), events: new Map() };
    let known = false;
    socket.onopen = () => {
      this.opened++;
      if (this.mood !== "silent") send(client, { type: "auth_required", ha_version: "2025.4.4" });
    };
    socket.onclose = () => this.#clients.delete(client);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data));
      if (known) return this.#command(client, message);
      known = message.access_token === this.token;
      if (known) {
        this.#clients.add(client);
        return send(client, { type: "auth_ok", ha_version: "2025.4.4" });
      }
      this.refused++;
      send(client, { type: "auth_invalid", message: "Invalid access token or password" });
      socket.close();
    };
  }

  #command(client: Client, message: JsonObject): void {
    const id = Number(message.id);
    const done = (result: JsonObject | null = null) =>
      send(client, { id, type: "result", success: true, result });
    if (this.mood === "deaf") return;
    switch (message.type) {
      case "ping":
        return send(client, { id, type: "pong" });
      case "subscribe_entities": {
        const ids = message.entity_ids as string[];
        client.entities.set(id, ids);
        done();
        const known = ids.filter((entity) => this.states.has(entity));
        return send(client, {
          id,
          type: "event",
          event: {
            a: Object.fromEntries(known.map((entity) => {
              const { state, attributes } = this.states.get(entity)!;
              return [entity, { s: state, a: attributes }];
            })),
          },
        });
      }
      case "subscribe_events":
        client.events.set(id, String(message.event_type));
        return done();
      case "fire_event":
        this.fired.push({
          type: String(message.event_type),
          data: message.event_data as JsonObject,
        });
        return done({});
      case "unsubscribe_events":
        client.entities.delete(Number(message.subscription));
        client.events.delete(Number(message.subscription));
        return done();
      case "call_service": {
        const { domain, service, service_data: data, target } = message as {
          domain: string;
          service: string;
          service_data: JsonObject;
          target?: JsonObject;
        };
        if (this.hanging.has(`${domain}.${service}`)) return void this.hung++;
        if (!this.services.has(`${domain}.${service}`)) {
          const error = { code: "not_found", message: `Service ${domain}.${service} not found.` };
          return send(client, { id, type: "result", success: false, error });
        }
        this.calls.push({ domain, service, data, target });
        return done({});
      }
      default:
        return send(client, {
          id,
          type: "result",
          success: false,
          error: { code: "unknown_command", message: "Unknown command." },
        });
    }
  }
}

function send({ socket }: Client, message: JsonObject): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

/** Runs a test with one, and closes it. */
export async function withFakeHomeAssistant(
  test: (fake: FakeHomeAssistant) => Promise<void>,
): Promise<void> {
  const fake = new FakeHomeAssistant();
  try {
    await test(fake);
  } finally {
    await fake.close();
  }
}
