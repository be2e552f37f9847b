// The connections that the proxy is opening: to each backend at most one at a time.

import type { BackendConnection } from "../config/configuration.ts";
import { DialError } from "./dial_error.ts";
import { dialBackend } from "./dialling.ts";
import type { Socket } from "./socket.ts";
import { messageOf } from "./thrown.ts";

/** Who wants the connections. */
export interface DialsUser {
  opened(socket: Socket, backendId: string): void;
  /** There is none; `status` is that of HTTP, where the server answered one. */
  failed(backendId: string, reason: string, status: number | undefined): void;
  /** Something that the user's handlers have thrown. */
  defect(error: unknown): void;
}

/** The dials of one proxy. */
export class Dials {
  readonly #user: DialsUser;
  readonly #underWay = new Map<string, AbortController>();

  constructor(user: DialsUser) {
    this.#user = user;
  }

  /**
   * Dials as this charger, if its identity is known, from this installation. A dial to the same
   * backend that is under way leads to nothing: a new configuration has overtaken it.
   */
  async dial(
    backend: BackendConnection,
    chargePointId: string | undefined,
    instance: string,
  ): Promise<void> {
    const { id } = backend;
    this.#underWay.get(id)?.abort();
    const dial = new AbortController();
    const { signal } = dial;
    this.#underWay.set(id, dial);
    try {
      const failed = (error: unknown) => this.#user.defect(error);
      const socket = await dialBackend(backend, chargePointId, instance, { signal, failed });
      if (signal.aborted) return socket.terminate();
      this.#user.opened(socket, id);
    } catch (error) {
      if (signal.aborted) return;
      const reason = messageOf(error);
      this.#user.failed(id, reason, error instanceof DialError ? error.status : undefined);
    } finally {
      if (this.#underWay.get(id) === dial) this.#underWay.delete(id);
    }
  }

  /** Gives up what is under way. */
  close(): void {
    for (const dial of this.#underWay.values()) dial.abort();
  }
}
