// A socket's handler that writes down what it is told.

import type { SocketHandler } from "../../src/io/socket.ts";

export type SocketEvent =
  | { readonly type: "message"; readonly text: string }
  | { readonly type: "pong"; readonly payload: string }
  | { readonly type: "closed"; readonly code: number; readonly reason: string };

export class SocketRecorder implements SocketHandler {
  readonly events: SocketEvent[] = [];

  message(text: string): void {
    this.events.push({ type: "message", text });
  }

  pong(payload: string): void {
    this.events.push({ type: "pong", payload });
  }

  closed(code: number, reason: string): void {
    this.events.push({ type: "closed", code, reason });
  }

  /** The code it was closed with; undefined: it is open. */
  get closedCode(): number | undefined {
    const last = this.events.at(-1);
    return last?.type === "closed" ? last.code : undefined;
  }
}
