// What happens on the sockets of the charger and of backends, as events of the core.

import type { Event } from "../core/event.ts";
import type { Socket, SocketHandler } from "./socket.ts";

/** Who is told. */
export interface PeerListener {
  dispatch(event: Event): void;
  /** A socket is closed; the event that says so follows. */
  gone(connection: number): void;
}

/** The handler of the charger's socket. */
export function chargerHandler(
  { connection }: Socket,
  { dispatch, gone }: PeerListener,
): SocketHandler {
  return {
    message: (text) => dispatch({ type: "charger_frame", connection, text }),
    pong: () => {},
    closed: (code, reason) => {
      gone(connection);
      dispatch({ type: "charger_disconnected", connection, reason: reasonOf(code, reason) });
    },
  };
}

/** The handler of a backend's socket; a pong tells which event it has received. */
export function backendHandler(
  { connection }: Socket,
  backendId: string,
  { dispatch, gone }: PeerListener,
): SocketHandler {
  return {
    message: (text) => dispatch({ type: "backend_frame", backendId, connection, text }),
    pong: (payload) =>
      dispatch({ type: "backend_received", backendId, connection, sequence: Number(payload) }),
    closed: (code, reason) => {
      gone(connection);
      dispatch({
        type: "backend_disconnected",
        backendId,
        connection,
        reason: reasonOf(code, reason),
        random: Math.random(),
      });
    },
  };
}

function reasonOf(code: number, reason: string): string {
  return reason === "" ? `closed with code ${code}` : reason;
}
