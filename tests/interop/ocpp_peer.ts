// OCPP peers in other languages, with the interface of the strict peers, and how each is started.

import type { Payload, Received } from "../support/strict_peer.ts";
import type { Peer } from "./peer.ts";
import type { Toolchain } from "./toolchain.ts";

/** What the tests need of a peer, whoever made it. */
export interface OcppSide {
  readonly received: readonly Pick<Received, "id" | "action" | "payload">[];
  readonly violations: readonly string[];
  payloads(action: string): Payload[];
  call(action: string, payload: Payload): Promise<Payload>;
  close(): Promise<void>;
}

/** A charge point or central system in another language. */
export class OcppPeer implements OcppSide {
  readonly peer: Peer;

  constructor(peer: Peer) {
    this.peer = peer;
  }

  get received(): Pick<Received, "id" | "action" | "payload">[] {
    return calls(this.peer, "in");
  }

  /** The CALLs it has sent, oldest first. */
  get sent(): Pick<Received, "id" | "action" | "payload">[] {
    return calls(this.peer, "out");
  }

  /** What its library complained of, and each CALLERROR of either side. */
  get violations(): string[] {
    const errors = this.peer.frames.filter(({ text }) => /^\s*\[\s*4\b/.test(text));
    return [
      ...this.peer.problems,
      ...errors.map(({ direction, text }) => `${direction}: ${text}`),
    ];
  }

  payloads(action: string): Payload[] {
    return this.received.filter((one) => one.action === action).map(({ payload }) => payload);
  }

  /** Sends a CALL; rejects with the error code of a CALLERROR. */
  call(action: string, payload: Payload = {}): Promise<Payload> {
    return this.peer.command({ call: action, payload });
  }

  close(): Promise<void> {
    return this.peer.close();
  }
}

function calls(
  { frames }: Peer,
  direction: "in" | "out",
): Pick<Received, "id" | "action" | "payload">[] {
  return frames
    .filter((frame) => frame.direction === direction)
    .map(({ text }) => JSON.parse(text))
    .filter(([type]) => type === 2)
    .map(([, id, action, payload]) => ({ id, action, payload }));
}

/** A central system that the proxy dials. */
export class CentralSystemPeer extends OcppPeer {
  get url(): string {
    return `ws://127.0.0.1:${this.peer.port}`;
  }

  /** Whether it keeps every StartTransaction waiting for its answer. */
  async holdStarts(hold: boolean): Promise<void> {
    await this.peer.command({ hold_starts: hold });
  }
}

/** A charger at `<url>/<id>`. */
export async function chargePointPeer(
  toolchain: Toolchain,
  url: string,
  id: string,
): Promise<OcppPeer> {
  const peer = start(toolchain, "charge_point", [url, id]);
  await readyOrClosed(peer);
  return new OcppPeer(peer);
}

/** A central system whose transaction ids count up from `firstTransactionId`. */
export async function centralSystemPeer(
  toolchain: Toolchain,
  firstTransactionId: number,
  password?: string,
): Promise<CentralSystemPeer> {
  const secret = password === undefined ? [] : [password];
  const peer = start(toolchain, "central_system", [String(firstTransactionId), ...secret]);
  await readyOrClosed(peer);
  return new CentralSystemPeer(peer);
}

function start(toolchain: Toolchain, peer: string, args: readonly string[]): Peer {
  if (!toolchain.available) throw new Error(toolchain.reason);
  return toolchain.start(peer, args);
}

async function readyOrClosed(peer: Peer): Promise<void> {
  try {
    await peer.ready();
  } catch (error) {
    await peer.close();
    throw error;
  }
}
