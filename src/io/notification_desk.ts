// Decides what is worth a notification, from what happens and from the state; asks nothing of the world.

import type { NotificationKind } from "../config/configuration.ts";
import type { StatusReport } from "../core/status_report.ts";
import type { JsonObject } from "../ocpp/json.ts";
import {
  durationWords,
  type Notification,
  question,
  questionTag,
  sessionEnded,
} from "./notification.ts";

/** A charger is worth a word when it has been away for so long. */
export const OFFLINE_MS = 5 * 60_000;

/** So long before it ends the owner hears of an override; a shorter one ends without a word. */
export const ENDING_MS = 10 * 60_000;

/** Messages that a backend is behind before its owner hears of it, and again at each tenfold. */
export const BACKLOG_ENTRIES = 100;

/** Notifications within an hour, questions apart; beyond that, silence until it is over. */
export const MAX_NOTIFICATIONS_PER_HOUR = 20;

/** Questions within an hour; they are answered by their default beyond that, as ever. */
export const MAX_QUESTIONS_PER_HOUR = 30;

/** Refusals that are remembered, so that each is told once. */
export const MAX_REMEMBERED_DENIALS = 64;

const HOUR_MS = 3_600_000;

/** One household's notifications. Times are epoch milliseconds. */
export class NotificationDesk {
  #kinds: ReadonlySet<NotificationKind>;
  readonly #told: number[] = [];
  readonly #asked: number[] = [];
  /** `session/backend` → told already. */
  readonly #denials = new Set<string>();
  #offlineSince: number | undefined;
  #offlineTold = false;
  #everConnected = false;
  readonly #faults = new Map<number, string>();
  readonly #backlogs = new Map<string, number>();
  /** `mode` and `limit`: which end is known, and whether it was told. */
  readonly #ends = new Map<string, { readonly key: string; told: boolean }>();
  /** Questions that were asked, by number. */
  readonly #open = new Map<number, { readonly backendId: string; readonly rule: string }>();

  constructor(kinds: ReadonlySet<NotificationKind>) {
    this.#kinds = kinds;
  }

  /** The owner wants to hear of these from now on. */
  reconfigure(kinds: ReadonlySet<NotificationKind>): void {
    this.#kinds = kinds;
  }

  /** Something has happened; `sessionId` is the running session, if there is one. */
  happened(event: JsonObject, sessionId: number | undefined, now: number): Notification[] {
    switch (event.type) {
      case "transaction_started":
        this.#forgetIdle();
        return [];
      case "session":
        this.#forgetIdle();
        return this.#tell(sessionEnded(event), now);
      case "decision":
        return event.outcome === "denied" ? this.#denied(event, sessionId, now) : [];
      default:
        return [];
    }
  }

  /** The state as it is now: asked for whenever something has happened, and every few seconds. */
  look(report: StatusReport, now: number): Notification[] {
    return [
      ...this.#questions(report.questions, now),
      ...this.#charger(report.charger, now),
      ...this.#connectors(report.charger, now),
      ...report.backends.flatMap((backend) => this.#backlog(backend, now)),
      ...this.#override(report, now),
    ];
  }

  /** What was refused while nobody charged is news again the next time. */
  #forgetIdle(): void {
    for (const key of this.#denials) if (key.startsWith("none/")) this.#denials.delete(key);
  }

  #denied(event: JsonObject, sessionId: number | undefined, now: number): Notification[] {
    const { backend_id, request, reason } = event;
    if (typeof backend_id !== "string") return [];
    const first = this.#noteDenial(sessionId, backend_id);
    // Whoever was asked knows of the refusal that follows.
    const asked = this.#open.values().some((question) =>
      question.backendId === backend_id && question.rule === event.rule
    );
    if (!first || asked) return [];
    return this.#tell({
      type: "tell",
      kind: "denied",
      tag: `ocpp-proxy-denied-${backend_id}`,
      title: `${backend_id} was refused`,
      message: `${request}: ${reason}`,
    }, now);
  }

  /** Whether it is the first one of this backend in this session. */
  #noteDenial(sessionId: number | undefined, backendId: string): boolean {
    const key = `${sessionId ?? "none"}/${backendId}`;
    if (this.#denials.has(key)) return false;
    if (this.#denials.size >= MAX_REMEMBERED_DENIALS) {
      this.#denials.delete(this.#denials.values().next().value!);
    }
    this.#denials.add(key);
    return true;
  }

  #questions(open: readonly JsonObject[], now: number): Notification[] {
    const found: Notification[] = [];
    const ids = new Set(open.map(({ id }) => Number(id)));
    for (const id of this.#open.keys()) {
      if (ids.has(id)) continue;
      this.#open.delete(id);
      found.push({ type: "clear", tag: questionTag(id) });
    }
    for (const view of open) {
      const id = Number(view.id);
      if (this.#open.has(id) || !mayOnceMore(this.#asked, MAX_QUESTIONS_PER_HOUR, now)) continue;
      this.#open.set(id, { backendId: String(view.backend_id), rule: String(view.rule) });
      found.push(question(view));
    }
    return found;
  }

  #charger({ connected, id }: JsonObject, now: number): Notification[] {
    const tag = "ocpp-proxy-charger";
    if (connected === true) {
      this.#everConnected = true;
      const awaySince = this.#offlineSince;
      const told = this.#offlineTold;
      this.#offlineSince = undefined;
      this.#offlineTold = false;
      if (!told || awaySince === undefined) return [];
      const away = durationWords((now - awaySince) / 1000);
      return this.#tell({
        type: "tell",
        kind: "offline",
        tag,
        title: "The charger is back",
        message: `${id} was away for ${away}.`,
      }, now);
    }
    // One that was never there has nowhere to be missed from.
    if (id === null && !this.#everConnected) return [];
    this.#offlineSince ??= now;
    if (this.#offlineTold || now - this.#offlineSince < OFFLINE_MS) return [];
    this.#offlineTold = true;
    return this.#tell({
      type: "tell",
      kind: "offline",
      tag,
      title: "The charger is away",
      message: `${id} has not been connected for ${OFFLINE_MS / 60_000} minutes.`,
    }, now);
  }

  #connectors({ connectors }: JsonObject, now: number): Notification[] {
    const found: Notification[] = [];
    for (const connector of connectors as JsonObject[]) {
      const id = Number(connector.connector_id);
      const fault = connector.status === "Faulted" ? String(connector.error_code) : undefined;
      if (fault === this.#faults.get(id)) continue;
      const name = id === 0 ? "The charger" : `Connector ${id}`;
      if (fault === undefined) this.#faults.delete(id);
      else this.#faults.set(id, fault);
      found.push(...this.#tell({
        type: "tell",
        kind: "fault",
        tag: `ocpp-proxy-fault-${id}`,
        title: fault === undefined ? "The fault is over" : "The charger has a fault",
        message: fault === undefined
          ? `${name} reports ${connector.status}.`
          : `${name} reports ${fault === "NoError" ? "a fault" : fault}.`,
      }, now));
    }
    return found;
  }

  /** At BACKLOG_ENTRIES, and at each tenfold of what was told; again once it was below half. */
  #backlog({ id, backlog, problem }: JsonObject, now: number): Notification[] {
    const entries = Number(backlog);
    const backendId = String(id);
    const told = this.#backlogs.get(backendId) ?? 0;
    if (entries < BACKLOG_ENTRIES / 2) this.#backlogs.delete(backendId);
    if (entries < Math.max(BACKLOG_ENTRIES, 10 * told)) return [];
    this.#backlogs.set(backendId, entries);
    const why = typeof problem === "string" ? ` (${problem})` : "";
    return this.#tell({
      type: "tell",
      kind: "backlog",
      tag: `ocpp-proxy-backlog-${backendId}`,
      title: `${backendId} is behind`,
      message: `${entries} messages wait for ${backendId}${why}. Nothing is lost.`,
    }, now);
  }

  #override({ mode, owner_limit: limit }: StatusReport, now: number): Notification[] {
    return [
      ...this.#end("mode", `Mode '${mode.mode}'`, mode.until, now),
      ...this.#end("limit", `Your limit of ${limit?.current_a} A`, limit?.until, now),
    ];
  }

  #end(slot: string, what: string, until: unknown, now: number): Notification[] {
    if (typeof until !== "string") {
      this.#ends.delete(slot);
      return [];
    }
    const left = Temporal.Instant.from(until).epochMilliseconds - now;
    const key = `${what} ${until}`;
    // One that was given for a short time is no surprise.
    if (this.#ends.get(slot)?.key !== key) this.#ends.set(slot, { key, told: left <= ENDING_MS });
    const end = this.#ends.get(slot)!;
    if (end.told || left > ENDING_MS) return [];
    end.told = true;
    return this.#tell({
      type: "tell",
      kind: "override",
      tag: `ocpp-proxy-${slot}`,
      title: "Your override ends soon",
      message: `${what} ends in ${durationWords(left / 1000)}.`,
    }, now);
  }

  #tell(notification: Notification, now: number): Notification[] {
    if (notification.type === "tell" && !this.#kinds.has(notification.kind)) return [];
    return mayOnceMore(this.#told, MAX_NOTIFICATIONS_PER_HOUR, now) ? [notification] : [];
  }
}

/** Whether one more within an hour is allowed, counting it if so. */
function mayOnceMore(times: number[], most: number, now: number): boolean {
  // A clock that was set back would silence us until it has caught up.
  while (times.length > 0 && (times[0]! <= now - HOUR_MS || times[0]! > now)) times.shift();
  if (times.length >= most) return false;
  times.push(now);
  return true;
}
