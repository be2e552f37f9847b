// Decides what is worth a notification, from what happens and from the state; asks nothing of the world.

import type { NotificationKind } from "../config/configuration.ts";
import type { StatusReport } from "../core/status_report.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { ChargerWatch } from "./charger_watch.ts";
import {
  durationWords,
  type Notification,
  question,
  questionTag,
  sessionEnded,
  type Telling,
} from "./notification.ts";
import { NotificationBudget } from "./notification_budget.ts";

/** So long before it ends the owner hears of an override; a shorter one ends without a word. */
export const ENDING_MS = 10 * 60_000;

/** Messages that a backend is behind before its owner hears of it, and again at each tenfold. */
export const BACKLOG_ENTRIES = 100;

/** Refusals that are remembered, so that each is told once. */
export const MAX_REMEMBERED_DENIALS = 64;

/** One household's notifications. Times are epoch milliseconds. */
export class NotificationDesk {
  #kinds: ReadonlySet<NotificationKind>;
  readonly #budget = new NotificationBudget();
  readonly #watch = new ChargerWatch((notification, now) => this.#tell(notification, now));
  /** `session/backend` → told already. */
  readonly #denials = new Set<string>();
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
      ...this.#watch.look(report.charger, now),
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
      if (this.#open.has(id) || !this.#budget.allowsQuestion(now)) continue;
      this.#open.set(id, { backendId: String(view.backend_id), rule: String(view.rule) });
      found.push(question(view));
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
    const why = typeof problem === "string" ? ` (${problem})` : "";
    const behind = this.#tell({
      type: "tell",
      kind: "backlog",
      tag: `ocpp-proxy-backlog-${backendId}`,
      title: `${backendId} is behind`,
      message: `${entries} messages wait for ${backendId}${why}. Nothing is lost.`,
    }, now);
    if (behind.length > 0) this.#backlogs.set(backendId, entries);
    return behind;
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

  #tell(notification: Telling, now: number): Notification[] {
    return this.#kinds.has(notification.kind) && this.#budget.allows(notification.tag, now)
      ? [notification]
      : [];
  }
}
