// The one seam to WebSockets, whoever opened them and whatever library carries them.

/** An open WebSocket. It is open from the moment it is handed over. */
export interface Socket {
  /** Unique in this process, rising: a newer socket has a higher number. */
  readonly connection: number;
  /** Address of the peer, without port. */
  readonly remoteAddress: string;
  /** The subprotocol in use; empty: none. */
  readonly protocol: string;
  /** Bytes handed over that the peer has not taken. */
  readonly bufferedAmount: number;
  /** Sends one text message; does nothing once the socket is closing. */
  send(text: string): void;
  /** Sends a ping; the pong comes back with the same payload (≤ 125 bytes). */
  ping(payload: string): void;
  /** Closing handshake; the socket is destroyed when the peer has not answered in 2 s. */
  close(code: number, reason: string): void;
  /** Destroys the socket at once. */
  terminate(): void;
  /** Set by the owner before it returns to the event loop. */
  handler: SocketHandler;
}

export interface SocketHandler {
  /** A complete text message, or a binary one that is valid UTF-8; ≤ MAX_MESSAGE_BYTES. */
  message(text: string): void;
  pong(payload: string): void;
  /** Called exactly once, whoever closed. `reason` is for people. */
  closed(code: number, reason: string): void;
}

/** The longest message taken from anybody; a longer one closes with 1009. */
export const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Unsent bytes at which a backend is a slow consumer: it gets nothing more until it reads. */
export const MAX_UNSENT_BYTES = 256 * 1024;
