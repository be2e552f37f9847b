// How much a household is told: what comes and goes all night must not, nor silence the rest.

/** Notifications within an hour, questions apart; beyond that, silence until it is over. */
export const MAX_NOTIFICATIONS_PER_HOUR = 20;

/** Of these, about one matter: what comes and goes must not silence the rest. */
export const MAX_NOTIFICATIONS_PER_MATTER = 4;

/** Questions within an hour; they are answered by their default beyond that, as ever. */
export const MAX_QUESTIONS_PER_HOUR = 30;

const HOUR_MS = 3_600_000;

/** Counts what was told within the last hour. Times are epoch milliseconds. */
export class NotificationBudget {
  readonly #told: { readonly at: number; readonly tag: string }[] = [];
  readonly #asked: { readonly at: number }[] = [];

  /** Whether one more about this matter is allowed, counting it if so. */
  allows(tag: string, now: number): boolean {
    forget(this.#told, now);
    const same = this.#told.filter((one) => one.tag === tag).length;
    if (same >= MAX_NOTIFICATIONS_PER_MATTER || this.#told.length >= MAX_NOTIFICATIONS_PER_HOUR) {
      return false;
    }
    this.#told.push({ at: now, tag });
    return true;
  }

  /** The same for a question. */
  allowsQuestion(now: number): boolean {
    forget(this.#asked, now);
    if (this.#asked.length >= MAX_QUESTIONS_PER_HOUR) return false;
    this.#asked.push({ at: now });
    return true;
  }
}

function forget(items: { readonly at: number }[], now: number): void {
  // A clock that was set back would silence us until it has caught up.
  while (items.length > 0 && (items[0]!.at <= now - HOUR_MS || items[0]!.at > now)) items.shift();
}
