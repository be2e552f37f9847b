// What an OCPP backend of the kill tests answers, and which of its ids stands for which session.

import { centralSystemAnswers } from "../../support/strict_backend.ts";
import type { Answers } from "../../support/strict_peer.ts";
import { pause } from "../../support/until.ts";

/** A backend's transaction ids: from a range of its own, so that a foreign one is seen. */
export class TransactionIds {
  readonly #meterStartWh = new Map<number, number>();
  #last: number;

  /** `thinkMs`: how long a StartTransaction waits for its answer, and with it the charger. */
  constructor(readonly first: number, readonly thinkMs: number) {
    this.#last = first - 1;
  }

  /** The session, by its meterStart, that an id was given for; undefined: never given. */
  meterStartOf(id: number): number | undefined {
    return this.#meterStartWh.get(id);
  }

  /** Gives a new id with each StartTransaction, also with a repeated one. */
  answers(): Answers {
    return {
      ...centralSystemAnswers(),
      StartTransaction: async ({ meterStart }) => {
        const transactionId = ++this.#last;
        this.#meterStartWh.set(transactionId, Number(meterStart));
        await pause(this.thinkMs);
        return { transactionId, idTagInfo: { status: "Accepted" } };
      },
    };
  }
}
