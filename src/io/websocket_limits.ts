// Bounds that hold for every WebSocket, whoever opened it. Message length and the mark of a slow
// consumer are in socket.ts.

/** How long a peer has for its half of the closing handshake. */
export const CLOSE_TIMEOUT_MS = 2_000;

/** Unsent bytes at which a socket is destroyed, whatever its owner thinks. */
export const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

/** Unsent bytes at which pings are no longer answered: the peer does not read. */
export const MAX_UNSENT_FOR_PONG_BYTES = 64 * 1024;
