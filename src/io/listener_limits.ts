// Every bound of the listening side, in one place.

export interface ListenerLimits {
  /** A request's head: request line and headers. */
  readonly headBytes: number;
  /** From accepting a connection (with TLS: before its handshake) to the end of its first head. */
  readonly headMs: number;
  /** From the end of one HTTP exchange to the end of the next head on the same connection. */
  readonly idleMs: number;
  /** Connections whose head is being waited for; past it, one of the greediest address goes. */
  readonly pendingConnections: number;
  /** Established connections of one address: HTTP exchanges and backends, not chargers. */
  readonly connectionsPerAddress: number;
  /** Established connections of all addresses: HTTP exchanges and backends, not chargers. */
  readonly connections: number;
  /** Charger sockets; past it, the oldest is destroyed for the newest. */
  readonly chargers: number;
  /** The body of an HTTP request. */
  readonly bodyBytes: number;
  /** How long an HTTP client may take for a piece of its body, or leave a response unread. */
  readonly stallMs: number;
  /** This many protocol violations of one address … */
  readonly violations: number;
  /** … within this time … */
  readonly violationsWithinMs: number;
  /** … ban it for this long, except as a charger. */
  readonly banMs: number;
}

/** File descriptors kept for the database, its journals, log files and the connections dialled. */
export const RESERVED_DESCRIPTORS = 64;

/** Taken where the operating system's limit cannot be read: what most systems start services with. */
const USUAL_DESCRIPTORS = 1024;

const MAX_CONNECTIONS = 1024;
const MAX_PENDING_CONNECTIONS = 64;
const CHARGERS = 8;

/** The limits that fit into this process's file descriptors. */
export function defaultLimits(descriptors: number = descriptorLimit()): ListenerLimits {
  const ours = Math.max(descriptors - RESERVED_DESCRIPTORS, Math.floor(descriptors / 2));
  const pendingConnections = Math.min(MAX_PENDING_CONNECTIONS, Math.max(4, Math.floor(ours / 3)));
  const connections = Math.max(4, ours - pendingConnections - CHARGERS);
  return {
    headBytes: 16 * 1024,
    headMs: 5_000,
    idleMs: 15_000,
    pendingConnections,
    connectionsPerAddress: 64,
    connections: Math.min(MAX_CONNECTIONS, connections),
    chargers: CHARGERS,
    bodyBytes: 1024 * 1024,
    stallMs: 30_000,
    violations: 20,
    violationsWithinMs: 60_000,
    banMs: 5 * 60_000,
  };
}

/** The soft limit of open files of this process, at least 32. */
function descriptorLimit(): number {
  if (!mayReadProc()) return USUAL_DESCRIPTORS;
  try {
    const found = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/limits"));
    if (found !== null) return Math.max(32, Number(found[1]));
  } catch {
    // Another operating system.
  }
  return USUAL_DESCRIPTORS;
}

/** Deno opens /proc for nobody but who may do everything, and would ask a person at a terminal. */
function mayReadProc(): boolean {
  const names = ["read", "write", "net", "env", "sys", "run", "ffi"] as const;
  return names.every((name) => Deno.permissions.querySync({ name }).state === "granted");
}
