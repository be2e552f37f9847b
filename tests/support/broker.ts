// A real MQTT broker, Debian's mosquitto, on a port of its own; it can be stopped and started again.

import mqtt from "mqtt";
import { until } from "./until.ts";

/** Why tests with a broker are skipped here; undefined: they run. */
export const NO_BROKER: string | undefined = await missing();

async function missing(): Promise<string | undefined> {
  for (const program of ["mosquitto", "mosquitto_passwd"]) {
    try {
      await new Deno.Command(program, { args: ["-h"], stdout: "null", stderr: "null" }).output();
    } catch {
      return `${program} is not installed (Debian's package mosquitto)`;
    }
  }
  return undefined;
}

/** Defines a test that is skipped, with the reason on the console, where there is no broker. */
export function brokerTest(name: string, test: (broker: Broker) => Promise<void>): void {
  if (NO_BROKER !== undefined) console.log(`skipped: ${name}: ${NO_BROKER}`);
  Deno.test({
    name,
    ignore: NO_BROKER !== undefined,
    fn: async () => {
      const broker = await Broker.start();
      try {
        await test(broker);
      } finally {
        await broker.close();
      }
    },
  });
}

export class Broker {
  readonly port: number;
  readonly username = "proxy";
  readonly password = "secret";
  readonly #folder: string;
  #process: Deno.ChildProcess | undefined;
  readonly #clients: mqtt.MqttClient[] = [];

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  static async start(): Promise<Broker> {
    const folder = await Deno.makeTempDir({ prefix: "broker-" });
    const broker = new Broker(folder, freePort());
    const passwords = `${folder}/passwords`;
    const passwd = await new Deno.Command("mosquitto_passwd", {
      args: ["-b", "-c", passwords, broker.username, broker.password],
      stdout: "null",
      stderr: "null",
    }).output();
    if (!passwd.success) throw new Error("mosquitto_passwd failed");
    // Started as root, mosquitto becomes another user, who has to read this.
    const owner = Deno.uid() === 0 ? "user root\n" : "";
    await Deno.writeTextFile(
      `${folder}/mosquitto.conf`,
      `${owner}listener ${broker.port} 127.0.0.1\nallow_anonymous false\n` +
        `password_file ${passwords}\npersistence false\n`,
    );
    await broker.up();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** The lines of a configuration that lead here. */
  get yaml(): string {
    return `mqtt: { url: "${this.url}", username: ${this.username}, password: ${this.password} }\n`;
  }

  /** Starts it; what was retained is forgotten. */
  async up(): Promise<void> {
    this.#process = new Deno.Command("mosquitto", {
      args: ["-c", `${this.#folder}/mosquitto.conf`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await until(
      async () => {
        const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port })
          .catch(() => undefined);
        connection?.close();
        return connection !== undefined;
      },
      10_000,
      "mosquitto to listen",
    );
  }

  async down(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined) return;
    process.kill("SIGKILL");
    await process.status;
  }

  /** A client that remembers the newest message of each topic. */
  async listen(topic: string): Promise<Listener> {
    const client = await mqtt.connectAsync(this.url, {
      username: this.username,
      password: this.password,
      reconnectPeriod: 0,
      timerVariant: "native",
    });
    this.#clients.push(client);
    const newest = new Map<string, string>();
    const all: [topic: string, payload: string][] = [];
    client.on("message", (name, payload) => {
      newest.set(name, payload.toString());
      all.push([name, payload.toString()]);
    });
    await client.subscribeAsync(topic, { qos: 1 });
    return {
      newest,
      all,
      publish: async (name, payload, retain = false) => {
        await client.publishAsync(name, payload, { qos: 1, retain });
      },
    };
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.endAsync(true);
    await this.down();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

export interface Listener {
  readonly newest: ReadonlyMap<string, string>;
  /** Every message, in order. */
  readonly all: readonly (readonly [topic: string, payload: string])[];
  publish(topic: string, payload: string, retain?: boolean): Promise<void>;
}

/** Nobody listens there now; mosquitto cannot choose one by itself. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
