// How a virtual charger is set up, and how it dials.

import type { Quirk } from "./quirk.ts";
import { basicAuthorization, type DialOptions, withIdentity } from "./web_socket.ts";

export interface ChargerOptions {
  /** The central system's endpoint; the charger adds its id. */
  readonly url: string;
  readonly id: string;
  /** For HTTP Basic authentication, with the id as the user. */
  readonly password?: string;
  /** PEM certificates to trust in place of the system's. */
  readonly ca?: string;
  /** What is odd about it; default: nothing. */
  readonly quirks?: readonly Quirk[];
  /** Its clock stands at this time and keeps it, epoch milliseconds; default: the central system's. */
  readonly startAt?: number;
  /** Default 1. */
  readonly connectors?: number;
  /** Default 1: real time. */
  readonly speed?: number;
  /** Configuration keys that differ from their defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Wall-clock milliseconds. */
  readonly callTimeoutMs?: number;
  /** Wait before the first reconnection, wall-clock milliseconds. */
  readonly reconnectMs?: number;
  /** What happens, in words. */
  readonly report?: (text: string) => void;
  /** Sees every frame. */
  readonly watch?: (direction: "sent" | "received", text: string) => void;
}

/** How a proper charger dials: its identity ends the URL, and is the user of Basic. */
export function properDial(options: ChargerOptions): DialOptions {
  const { url, id, password, ca } = options;
  return {
    url: withIdentity(url, id),
    protocols: ["ocpp1.6"],
    headers: password === undefined ? {} : { authorization: basicAuthorization(id, password) },
    ...(ca === undefined ? {} : { ca }),
  };
}
