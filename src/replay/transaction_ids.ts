// The transaction ids that a charger uses in a recording, in place of those that it is given now.

import type { MessageId } from "../ocpp/frame.ts";
import { forgetOldest } from "./forget_oldest.ts";

/** Starts and ids that are remembered. */
const MAX_REMEMBERED = 1_000;

const TRANSACTION_ID = /("transactionId"\s*:\s*)(-?\d+)/g;

/** From the ids of the recording to those of now. */
export class TransactionIds {
  /** By the message id of the StartTransaction. */
  readonly #recorded = new Map<MessageId, string>();
  readonly #now = new Map<MessageId, string>();
  readonly #ids = new Map<string, string>();

  /** What the charger was given in the recording. */
  recorded(start: MessageId, transactionId: string): void {
    remember(this.#recorded, start, transactionId);
    this.#match(start);
  }

  /** What it is given now. */
  given(start: MessageId, transactionId: string): void {
    remember(this.#now, start, transactionId);
    this.#match(start);
  }

  /** A frame of the recording with the ids of now. */
  translate(text: string): string {
    if (this.#ids.size === 0 || !text.includes('"transactionId"')) return text;
    return text.replace(TRANSACTION_ID, (_, before, id) => before + (this.#ids.get(id) ?? id));
  }

  #match(start: MessageId): void {
    const recorded = this.#recorded.get(start);
    const now = this.#now.get(start);
    if (recorded === undefined || now === undefined) return;
    remember(this.#ids, recorded, now);
    // A charger that counts its messages uses the id again.
    this.#recorded.delete(start);
    this.#now.delete(start);
  }
}

function remember<Key>(map: Map<Key, string>, key: Key, value: string): void {
  map.delete(key);
  map.set(key, value);
  forgetOldest(map, MAX_REMEMBERED);
}
