// An MQTT broker that takes everything and confirms nothing but connections, subscriptions and pings.

const CONNECT = 1;
const SUBSCRIBE = 8;
const PING = 12;

/** One broker; messages can be put to its clients byte by byte. */
export class MuteBroker {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #clients = new Set<Deno.TcpConn>();
  readonly #accepting = this.#accept();
  /** Packets that have come, by type. */
  readonly packets = new Map<number, number>();

  get yaml(): string {
    return `mqtt: { url: "mqtt://127.0.0.1:${this.#listener.addr.port}" }\n`;
  }

  /** Whether somebody has published, in vain. */
  get wasTold(): boolean {
    return this.packets.has(3);
  }

  /** How many clients there are. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Bytes for whoever is connected; resolves when they are sent, or the client is gone. */
  async send(bytes: Uint8Array): Promise<void> {
    for (const client of this.#clients) {
      try {
        for (let sent = 0; sent < bytes.length;) sent += await client.write(bytes.subarray(sent));
      } catch {
        // It is gone.
      }
    }
  }

  async close(): Promise<void> {
    this.#listener.close();
    for (const client of this.#clients) shut(client);
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const client of this.#listener) served.push(this.#serve(client));
    await Promise.all(served);
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#clients.add(client);
    let rest = new Uint8Array();
    const piece = new Uint8Array(65_536);
    try {
      for (let read = await client.read(piece); read !== null; read = await client.read(piece)) {
        rest = new Uint8Array([...rest, ...piece.subarray(0, read)]);
        for (let packet = packetOf(rest); packet !== undefined; packet = packetOf(rest)) {
          rest = rest.slice(packet.length);
          await this.#answer(client, packet);
        }
      }
    } catch {
      // It is gone.
    }
    this.#clients.delete(client);
    shut(client);
  }

  async #answer(client: Deno.TcpConn, { type, body }: Packet): Promise<void> {
    this.packets.set(type, (this.packets.get(type) ?? 0) + 1);
    if (type === CONNECT) await client.write(Uint8Array.of(0x20, 2, 0, 0));
    if (type === PING) await client.write(Uint8Array.of(0xd0, 0));
    if (type === SUBSCRIBE) {
      const topics = countTopics(body.subarray(2));
      await client.write(
        Uint8Array.of(0x90, 2 + topics, body[0]!, body[1]!, ...Array(topics).fill(1)),
      );
    }
  }
}

/** A PUBLISH as MQTT 3.1.1 has it (section 3.3). */
export function publishPacket(topic: string, payload: Uint8Array, qos = 0): Uint8Array {
  const name = new TextEncoder().encode(topic);
  const id = qos === 0 ? [] : [0, 1];
  const length = 2 + name.length + id.length + payload.length;
  const packet = new Uint8Array(5 + length);
  // Longer than it has to be, which keeps its place fixed.
  packet.set([0x30 | qos << 1, ...[0, 7, 14].map((bits) => length >> bits & 127 | 128)]);
  packet[4] = length >> 21 & 127;
  packet.set([name.length >> 8, name.length & 255, ...name, ...id], 5);
  packet.set(payload, 7 + name.length + id.length);
  return packet;
}

interface Packet {
  readonly type: number;
  readonly body: Uint8Array;
  readonly length: number;
}

function packetOf(bytes: Uint8Array): Packet | undefined {
  let size = 0;
  for (let at = 1; at < Math.min(5, bytes.length); at++) {
    size |= (bytes[at]! & 127) << 7 * (at - 1);
    if (bytes[at]! & 128) continue;
    const length = at + 1 + size;
    if (bytes.length < length) return undefined;
    return { type: bytes[0]! >> 4, body: bytes.subarray(at + 1, length), length };
  }
  return undefined;
}

function countTopics(bytes: Uint8Array): number {
  let topics = 0;
  for (let at = 0; at < bytes.length; topics++) at += 3 + (bytes[at]! << 8 | bytes[at + 1]!);
  return topics;
}

function shut(client: Deno.TcpConn): void {
  try {
    client.close();
  } catch {
    // It is closed.
  }
}
