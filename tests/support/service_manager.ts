// A manager of services, as far as its services talk to it: a datagram socket, and what it heard.

import { ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Listens until it is closed. */
export class ListeningManager {
  /** One entry per message, by its lines. */
  readonly heard: string[][] = [];
  /** For the environment of the service, as NOTIFY_SOCKET. */
  readonly address: string;
  readonly #socket: Deno.DatagramConn;
  readonly #reading: Promise<void>;

  /** At a path, or at an abstract address, which is written with an `@`. */
  constructor(address: string) {
    this.address = address;
    const path = address.replace(/^@/, "\0");
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
    this.#reading = this.#read();
  }

  /** The lines of all messages that begin so. */
  lines(beginning: string): string[] {
    return this.heard.flat().filter((line) => line.startsWith(beginning));
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const [bytes] of this.#socket) this.heard.push(decoder.decode(bytes).split("\n"));
  }
}

/** A manager at a path in a folder of its own, for the time of a test. */
export async function withManager(
  test: (manager: ListeningManager, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const manager = new ListeningManager(join(folder, "notify"));
  try {
    await test(manager, folder);
  } finally {
    await manager.close();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs tests that need sockets of systemd's kind: the right to them is the right to any network. */
export async function testWithSockets(scenario: URL): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--quiet", "--allow-all", fileURLToPath(scenario)],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  ok(success, decoder.decode(stdout) + decoder.decode(stderr));
}
