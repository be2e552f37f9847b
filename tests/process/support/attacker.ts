// Attacks on a proxy, run in a process of their own: the name, the options as JSON; prints a report.

import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import { clientFrame, RawClient, UPGRADE_LINES } from "../../io/raw_client.ts";
import { pause } from "../../support/until.ts";

const OCPP = "Sec-WebSocket-Protocol: ocpp1.6";
/** Connections that are open at the same time. */
const AT_ONCE = 1_000;
const MIB = 1024 * 1024;
/** CALLs under way at the same time. */
const WINDOW = 16;

interface Target {
  readonly port: number;
}

const ATTACKS = {
  /** A backend that connects and is gone again, so many times a minute, with a word or without. */
  async flap({ port, id, token, perMinute, forMs }: Target & {
    id: string;
    token: string;
    perMinute: number;
    forMs: number;
  }) {
    const begun = performance.now();
    let flaps = 0;
    for (let due = begun; due < begun + forMs; due += 60_000 / perMinute) {
      const waitMs = due - performance.now();
      if (waitMs > 0) await pause(waitMs);
      using client = await RawClient.upgrade(port, `/backend/${id}?token=${token}`, [OCPP]);
      if (++flaps % 2 === 0) await client.write(clientFrame(8, Uint8Array.of(3, 232)));
    }
    return { flaps, tookMs: performance.now() - begun };
  },

  /** Connections from several addresses that stay: silent, in their head, in their body, after it. */
  async connections({ port, addresses, count }: Target & { addresses: number; count: number }) {
    let begun = 0;
    const attacker = async () => {
      while (begun < count) {
        const number = begun++;
        await occupy(port, `127.0.0.${2 + number % addresses}`, number % 4);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, attacker));
    return { begun };
  },

  /** Messages in fragments of 1 MiB without an end. */
  async fragments({ port, path, mebibytes, times }: Target & {
    path: string;
    mebibytes: number;
    times: number;
  }) {
    const fragment = (opcode: number) => clientFrame(opcode, new Uint8Array(MIB), { final: false });
    const [first, next] = [fragment(1), fragment(0)];
    let takenMiB = 0;
    const codes: (number | undefined)[] = [];
    for (let time = 0; time < times; time++) {
      using client = await RawClient.upgrade(port, path, [OCPP]);
      try {
        await client.write(first);
        for (let sent = 1; sent < mebibytes; sent++, takenMiB++) await client.write(next);
      } catch {
        // It is refused, which is what is wanted.
      }
      codes.push((await client.frame()).code);
    }
    return { takenMiB, codes };
  },

  /** Wrong passwords for the charger's place, from several addresses. */
  async passwords({ port, addresses, count, path }: Target & {
    addresses: number;
    count: number;
    path: string;
  }) {
    const statuses: Record<string, number> = {};
    let tried = 0;
    const attacker = async () => {
      while (tried < count) {
        const number = tried++;
        const status = await guess(port, `127.0.0.${2 + number % addresses}`, path, number);
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, attacker));
    return { statuses };
  },

  /** An OCPP backend that tries to stop small ids and, in turn, those before and after a true one. */
  async transactionIds({ port, id, token, count, trueId }: Target & {
    id: string;
    token: string;
    count: number;
    trueId: number;
  }) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/backend/${id}`, "ocpp1.6", {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    const answers: Record<string, number> = {};
    let sent = 0;
    let answered = 0;
    const next = () => {
      const number = Math.floor(sent / 2);
      const transactionId = sent % 2 === 0 ? number : trueId - Math.floor(count / 4) + number;
      const payload = { transactionId };
      socket.send(JSON.stringify([2, `g${sent++}`, "RemoteStopTransaction", payload]));
    };
    let begun = 0;
    // The first message may come with the end of the handshake: nothing is waited for before.
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("the backend was thrown out")));
      socket.on("message", (data) => {
        const [type, messageId, result] = JSON.parse(String(data));
        if (type === 2) {
          socket.send(JSON.stringify([3, messageId, reply(result)]));
          // From now on it has an id of its own for the transaction, which is guessed as well.
          if (result !== "StartTransaction" || begun > 0) return;
          begun = performance.now();
          while (sent < Math.min(WINDOW, count)) next();
          return;
        }
        const word = type === 3 ? String(result.status) : String(result);
        answers[word] = (answers[word] ?? 0) + 1;
        if (++answered === count) resolve();
        else if (sent < count) next();
      });
    });
    socket.terminate();
    return { answers, tookMs: performance.now() - begun };
  },
};

export type AttackName = keyof typeof ATTACKS;
export type AttackOptions<Name extends AttackName> = Parameters<typeof ATTACKS[Name]>[0];
export type AttackReport<Name extends AttackName> = Awaited<ReturnType<typeof ATTACKS[Name]>>;

function reply(action: string): Record<string, unknown> {
  const currentTime = new Date().toISOString();
  const idTagInfo = { status: "Accepted" };
  switch (action) {
    case "BootNotification":
      return { status: "Accepted", currentTime, interval: 300 };
    case "Heartbeat":
      return { currentTime };
    case "StartTransaction":
      return { transactionId: 1, idTagInfo };
    default:
      return {};
  }
}

/** Connects from an address and stays until it is thrown out. */
function occupy(port: number, localAddress: string, kind: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = dialFrom(port, localAddress, () => resolve());
    if (kind === 1) socket.write("GET / HTTP/1.1\r\nX-Half:");
    if (kind === 2) socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    if (kind === 3) {
      socket.write("POST /api/v1/mode HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
    }
    socket.on("data", () => {});
  });
}

/** The status that a handshake with a wrong password is answered; 0: none. */
function guess(port: number, localAddress: string, path: string, number: number): Promise<number> {
  return new Promise((resolve) => {
    let status = 0;
    const socket = dialFrom(port, localAddress, () => resolve(status));
    const authorization = `Authorization: Basic ${btoa(`CP1:guess ${number}`)}`;
    socket.write(
      [`GET ${path} HTTP/1.1`, ...UPGRADE_LINES, OCPP, authorization, "", ""].join("\r\n"),
    );
    socket.on("data", (data) => {
      status ||= Number(String(data).split(" ")[1]);
      socket.destroy();
    });
  });
}

function dialFrom(port: number, localAddress: string, gone: () => void): Socket {
  const socket = connect({ host: "127.0.0.1", port, localAddress });
  socket.on("error", () => {});
  socket.on("close", gone);
  return socket;
}

if (import.meta.main) {
  const [name, options] = Deno.args;
  const attack = ATTACKS[name as AttackName] as (options: unknown) => Promise<unknown>;
  console.log(JSON.stringify(await attack(JSON.parse(options!))));
  // Sockets that are half open would keep it.
  Deno.exit();
}
