// The one timer of the core: it is awake when it has to be, or a little sooner, never later.

/** The longest a timer may sleep: setTimeout takes 31 bits. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** Whom it wakes. Times are epoch milliseconds. */
export interface AlarmUser {
  /** Infinity: never, as things are. */
  deadline(): number;
  now(): number;
  /** The deadline has come. */
  due(): void;
}

/** One timer for a deadline that moves with every event. */
export class Alarm {
  readonly #user: AlarmUser;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wakeAt = Infinity;

  constructor(user: AlarmUser) {
    this.#user = user;
  }

  /** The deadline may be another one. */
  arm(): void {
    const at = this.#user.deadline();
    // One that wakes too early costs less than a new one with every message.
    if (at === Infinity || (at >= this.#wakeAt && this.#timer !== undefined)) return;
    clearTimeout(this.#timer);
    this.#wakeAt = at;
    const wait = Math.min(Math.max(at - this.#user.now(), 0), LONGEST_SLEEP_MS);
    this.#timer = setTimeout(() => this.#wake(), wait);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wake(): void {
    this.#timer = undefined;
    if (this.#user.deadline() <= this.#user.now()) this.#user.due();
    else this.arm();
  }
}
