// A running Home Assistant with a folder of its own: started, logged in to, asked, restarted.

import { join } from "node:path";
import { freePort } from "../support/broker.ts";
import { until } from "../support/until.ts";
import { output } from "./home_assistant_install.ts";

type Json = Record<string, unknown>;

/** A running Home Assistant with one administrator. */
export class RealHomeAssistant {
  readonly #hass: string;
  readonly #folder: string;
  readonly #port: number;
  #process: Deno.ChildProcess | undefined;
  #log = "";
  /** Of its administrator. */
  token = "";

  private constructor(hass: string, folder: string, port: number) {
    this.#hass = hass;
    this.#folder = folder;
    this.#port = port;
  }

  /** Starts one with a guest switch, and logs its administrator in. */
  static async start(hass: string): Promise<RealHomeAssistant> {
    const folder = await Deno.makeTempDir({ prefix: "home-assistant-" });
    const one = new RealHomeAssistant(hass, folder, freePort());
    try {
      await Deno.writeTextFile(
        join(folder, "configuration.yaml"),
        `homeassistant:\n  auth_providers:\n    - type: homeassistant\n` +
          `http:\n  server_host: 127.0.0.1\n  server_port: ${one.#port}\n` +
          `api:\nconfig:\nwebsocket_api:\nmobile_app:\nrecorder:\nenergy:\n` +
          `input_boolean:\n  guest:\n  told:\nlogger:\n  default: warning\n` +
          `automation:\n  - alias: told\n    triggers:\n      - trigger: event\n` +
          `        event_type: ocpp_proxy_event\n` +
          `        event_data: { event_type: session_started, charger: CP1 }\n` +
          `    actions:\n      - action: input_boolean.turn_on\n` +
          `        target: { entity_id: input_boolean.told }\n`,
      );
      await output(hass, ["--script", "auth", "-c", folder, "add", "admin", "admin-password"]);
      await one.up();
      one.token = await one.#longLivedToken(await one.#logIn("admin", "admin-password"));
      await one.#complete();
    } catch (error) {
      const said = one.#log;
      await one.close();
      throw new Error(`Home Assistant: ${(error as Error).message}\n${said.slice(-4_000)}`);
    }
    return one;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async up(): Promise<void> {
    const child = new Deno.Command(this.#hass, {
      args: ["-c", this.#folder],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) void this.#keep(stream);
    // The first start installs what the integrations need.
    await until(
      () => fetch(`${this.url}/auth/providers`).then((r) => r.text()).catch(() => false),
      300_000,
      "Home Assistant to listen",
    );
  }

  /** Everything that it is configured for is there. */
  async #complete(): Promise<void> {
    const state = async () => (await this.ask({ type: "get_config" })).state;
    await until(async () => await state() === "RUNNING", 300_000, "Home Assistant to be complete");
  }

  async #keep(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#log += text;
  }

  /** What it complained of. */
  get log(): string {
    return this.#log;
  }

  async down(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 20_000);
    await child.status;
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    await this.down();
    await Deno.remove(this.#folder, { recursive: true });
  }

  /** Adds the MQTT integration as a person does in its dialogue. */
  async addBroker(port: number, username: string, password: string): Promise<void> {
    const flow = await this.post("/api/config/config_entries/flow", { handler: "mqtt" });
    const done = await this.post(`/api/config/config_entries/flow/${flow.flow_id}`, {
      broker: "127.0.0.1",
      port,
      username,
      password,
    });
    if (done.type !== "create_entry") throw new Error(JSON.stringify(done));
  }

  /** Registers a phone whose pushes come to `pushUrl`; returns the webhook that it speaks by. */
  async addPhone(name: string, pushUrl: string): Promise<string> {
    const { webhook_id } = await this.post("/api/mobile_app/registrations", {
      device_id: name,
      app_id: "test",
      app_name: "test",
      app_version: "1",
      device_name: name,
      manufacturer: "test",
      model: "test",
      os_name: "test",
      os_version: "1",
      supports_encryption: false,
      app_data: { push_token: "token", push_url: pushUrl },
    });
    return `${this.url}/api/webhook/${webhook_id}`;
  }

  /** The state of an entity; undefined: there is none. */
  async state(id: string): Promise<{ state: string; attributes: Json } | undefined> {
    const response = await fetch(`${this.url}/api/states/${id}`, { headers: this.#headers() });
    if (!response.ok) {
      await response.body?.cancel();
      return undefined;
    }
    return await response.json();
  }

  async call(service: string, data: Json): Promise<void> {
    await this.post(`/api/services/${service.replace(".", "/")}`, data);
  }

  async post(path: string, body: Json): Promise<Json> {
    const response = await fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { ...this.#headers(), "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  #headers(): Record<string, string> {
    return this.token === "" ? {} : { authorization: `Bearer ${this.token}` };
  }

  /** A long-lived token of a new person who may not administer. */
  async tokenOf(username: string): Promise<string> {
    const { user } = await this.ask<{ user: { id: string } }>({
      type: "config/auth/create",
      name: username,
      group_ids: ["system-users"],
    });
    const password = `${username}-password`;
    const type = "config/auth_provider/homeassistant/create";
    await this.ask({ type, user_id: user.id, username, password });
    const access = await this.#logIn(username, password);
    return await this.#longLivedToken(access);
  }

  /** A token that ends soon. */
  async #logIn(username: string, password: string): Promise<string> {
    const client_id = `${this.url}/`;
    const flow = await this.post("/auth/login_flow", {
      client_id,
      handler: ["homeassistant", null],
      redirect_uri: client_id,
    });
    const { result: code } = await this.post(`/auth/login_flow/${flow.flow_id}`, {
      client_id,
      username,
      password,
    });
    const response = await fetch(`${this.url}/auth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code: String(code),
        client_id,
      }),
    });
    return (await response.json()).access_token;
  }

  async #longLivedToken(access: string): Promise<string> {
    const type = "auth/long_lived_access_token";
    return await this.ask<string>({ type, client_name: "proxy", lifespan: 1 }, access);
  }

  /** One command of the WebSocket interface; rejects with what it is refused for. */
  ask<Result = Json>(command: Json, token = this.token): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const socket = new WebSocket(`${this.url.replace("http", "ws")}/api/websocket`);
    socket.onerror = () => reject(new Error("no WebSocket"));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "auth_required") {
        socket.send(JSON.stringify({ type: "auth", access_token: token }));
      } else if (message.type === "auth_ok") {
        socket.send(JSON.stringify({ id: 1, ...command }));
      } else {
        socket.onclose = () =>
          message.success ? resolve(message.result) : reject(new Error(JSON.stringify(message)));
        socket.close();
      }
    };
    return promise;
  }
}
