// What happens, for whoever follows on behalf of the owner; the newest is kept for who comes back.

import { entryEvents, type JsonEvent } from "../core/json_event.ts";
import type { LogEntry } from "../core/record.ts";
import { stringifyJson } from "../ocpp/json.ts";
import { formatTime } from "../ocpp/time.ts";
import { maskedIdTag } from "../core/masked_id_tag.ts";

/** An event as it is sent. */
export interface FedEvent {
  /** Names it for as long as this process runs; never used again after that. */
  readonly id: string;
  readonly type: string;
  /** A JSON object with `type` and `time`; id tags are masked. */
  readonly data: string;
}

/** What follows, and what it has missed. */
export interface Following {
  /** What happened since the event that was named, the oldest first. */
  readonly since: readonly FedEvent[];
  /** More has happened than is kept, or nobody knows what that event was. */
  readonly missed: boolean;
  stop(): void;
}

/** Events that are kept. */
export const MAX_KEPT_EVENTS = 256;

/** Characters that are kept. */
const MAX_KEPT_CHARACTERS = 96 * 1024;

/** Once nobody follows any more, events are kept for this long. */
const KEPT_MS = 5 * 60_000;

/** Nothing is written out while nobody follows, and nobody has a short time ago. */
export class EventFeed {
  readonly #run: string;
  readonly #now: () => number;
  readonly #followers = new Set<(event: FedEvent) => void>();
  /** The newest events, without gaps up to `#number`. */
  readonly #kept: FedEvent[] = [];
  #keptCharacters = 0;
  #number = 0;
  #awakeUntil = -Infinity;

  /** `run`: different for each start of the program. `now`: epoch milliseconds. */
  constructor(run: string, now: () => number) {
    this.#run = run;
    this.#now = now;
  }

  /** Tells everybody who follows. */
  publish(event: JsonEvent): void {
    if (!this.#isAwake()) return;
    const { type, ...rest } = event;
    const shown = typeof rest.id_tag === "string" ? { id_tag: maskedIdTag(rest.id_tag) } : {};
    const fed: FedEvent = {
      id: `${this.#run}-${++this.#number}`,
      type,
      data: stringifyJson({ type, time: formatTime(this.#now()), ...rest, ...shown }),
    };
    this.#keep(fed);
    for (const follower of this.#followers) follower(fed);
  }

  /** Tells the events of an entry of the log. */
  publishEntry(entry: LogEntry): void {
    if (!this.#isAwake()) return;
    for (const event of entryEvents(entry)) this.publish(event);
  }

  /** Calls `follower` with every event from now on; `lastId` names the last one that it knows. */
  follow(follower: (event: FedEvent) => void, lastId?: string): Following {
    const known = lastId === undefined ? this.#number : this.#numberOf(lastId);
    const keptAfter = this.#number - this.#kept.length;
    const missed = known === undefined || known < keptAfter;
    this.#followers.add(follower);
    return {
      since: this.#kept.slice(missed ? 0 : known - keptAfter),
      missed,
      stop: () => {
        this.#followers.delete(follower);
        if (this.#followers.size === 0) this.#awakeUntil = this.#now() + KEPT_MS;
      },
    };
  }

  #isAwake(): boolean {
    if (this.#followers.size > 0 || this.#now() < this.#awakeUntil) return true;
    this.#kept.length = 0;
    this.#keptCharacters = 0;
    // Whoever comes back has missed something.
    this.#number++;
    return false;
  }

  #keep(event: FedEvent): void {
    this.#kept.push(event);
    this.#keptCharacters += event.data.length;
    while (this.#kept.length > MAX_KEPT_EVENTS || this.#keptCharacters > MAX_KEPT_CHARACTERS) {
      this.#keptCharacters -= this.#kept.shift()!.data.length;
    }
  }

  #numberOf(id: string): number | undefined {
    const [, run, text] = /^(.*)-(\d{1,15})$/.exec(id) ?? [];
    const number = Number(text);
    return run === this.#run && number <= this.#number ? number : undefined;
  }
}
