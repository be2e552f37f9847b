// A backend of the measurements that speaks the simple JSON protocol.

import type { Wire } from "./wire.ts";

/** Asks, and waits for the reply; what else it is told it does not read. */
export class JsonPeer {
  readonly wire: Wire;
  readonly #replies = new Map<number, (reply: string) => void>();
  #id = 0;

  constructor(wire: Wire) {
    this.wire = wire;
    wire.message = (text) => {
      // Once it has all its replies it costs the measurement next to nothing.
      if (this.#replies.size === 0) return;
      const { id } = JSON.parse(text);
      this.#replies.get(id)?.(text);
      this.#replies.delete(id);
    };
  }

  /** Makes one request and returns the reply's text. */
  ask(request: Readonly<Record<string, unknown>>): Promise<string> {
    const id = ++this.#id;
    return new Promise((resolve) => {
      this.#replies.set(id, resolve);
      this.wire.send(JSON.stringify({ id, ...request }));
    });
  }
}
