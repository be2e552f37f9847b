// What is worth a notification, and how often.

import { deepEqual, equal, ok } from "node:assert/strict";
import { NOTIFICATION_KINDS } from "../../src/config/configuration.ts";
import type { StatusReport } from "../../src/core/status_report.ts";
import type { Notification } from "../../src/io/notification.ts";
import { OFFLINE_MS, UNSTEADY_LOSSES } from "../../src/io/charger_watch.ts";
import {
  MAX_NOTIFICATIONS_PER_HOUR,
  MAX_NOTIFICATIONS_PER_MATTER,
} from "../../src/io/notification_budget.ts";
import { BACKLOG_ENTRIES, ENDING_MS, NotificationDesk } from "../../src/io/notification_desk.ts";
import { formatTime } from "../../src/ocpp/time.ts";

const NOW = Date.UTC(2026, 4, 1, 12);
const HOUR_MS = 3_600_000;

function desk(): NotificationDesk {
  return new NotificationDesk(new Set(NOTIFICATION_KINDS));
}

/** A quiet household, with what the test changes. */
function report(changes: Partial<StatusReport> = {}): StatusReport {
  return {
    charger: { id: "CP1", connected: true, connectors: [] },
    mode: { mode: "auto", until: null },
    owner_limit: null,
    limit: {},
    holder: null,
    handover: null,
    queue: [],
    questions: [],
    sessions: [],
    backends: [],
    decisions: [],
    ...changes,
  };
}

function titles(notifications: readonly Notification[]): string[] {
  return notifications.map((one) => one.type === "clear" ? `clear ${one.tag}` : one.title);
}

const QUESTION = {
  id: 3,
  backend_id: "neighbour",
  action: "request_control",
  rule: "strangers",
  reason: "a stranger",
  default: "deny",
  deadline: formatTime(NOW + 60_000),
};

const denied = (backend_id: string) => ({
  type: "decision",
  outcome: "denied",
  backend_id,
  request: "RemoteStartTransaction",
  reason: "denied: rule 'x'",
});

Deno.test("nothing is said of a quiet household", () => {
  const quiet = desk();
  deepEqual(quiet.look(report(), NOW), []);
  deepEqual(quiet.happened({ type: "heartbeat" }, undefined, NOW), []);
});

Deno.test("the end of a session tells energy, time and money", () => {
  const [told] = desk().happened(
    {
      type: "session",
      transaction_id: 7,
      backend_id: "employer",
      energy_kwh: 12.3456,
      duration_s: 7_500,
      revenue: 3.5,
      currency: "EUR",
    },
    7,
    NOW,
  );
  ok(told?.type === "tell");
  equal(told.message, "12.35 kWh in 2 h 05 min for 3.50 EUR, booked to employer.");
});

Deno.test("a refusal is told once for each backend and session", () => {
  const one = desk();
  equal(one.happened(denied("evcc"), 1, NOW).length, 1);
  equal(one.happened(denied("evcc"), 1, NOW + HOUR_MS).length, 0);
  equal(one.happened(denied("other"), 1, NOW).length, 1);
  equal(one.happened(denied("evcc"), 2, NOW).length, 1);
});

Deno.test("a refusal while nobody charges is told once until somebody does", () => {
  const one = desk();
  equal(one.happened(denied("evcc"), undefined, NOW).length, 1);
  equal(one.happened(denied("evcc"), undefined, NOW).length, 0);
  one.happened({ type: "transaction_started" }, 1, NOW);
  equal(one.happened(denied("evcc"), undefined, NOW).length, 1);
});

Deno.test("who said no is not told of the refusal", () => {
  const one = desk();
  one.look(report({ questions: [QUESTION] }), NOW);
  const refusal = { ...denied("neighbour"), rule: QUESTION.rule };
  deepEqual(one.happened(refusal, undefined, NOW), []);
  equal(one.happened({ ...denied("other"), rule: QUESTION.rule }, undefined, NOW).length, 1);
});

Deno.test("a charger that stays away is told once, and that it is back", () => {
  const one = desk();
  const away = report({ charger: { id: "CP1", connected: false, connectors: [] } });
  deepEqual(one.look(away, NOW), []);
  deepEqual(one.look(away, NOW + OFFLINE_MS - 1), []);
  deepEqual(titles(one.look(away, NOW + OFFLINE_MS)), ["The charger is away"]);
  deepEqual(one.look(away, NOW + 2 * OFFLINE_MS), []);
  deepEqual(titles(one.look(report(), NOW + 3 * OFFLINE_MS)), ["The charger is back"]);
  deepEqual(one.look(report(), NOW + 4 * OFFLINE_MS), []);
});

Deno.test("a short absence, and a charger that was never there, are no news", () => {
  const one = desk();
  const away = report({ charger: { id: "CP1", connected: false, connectors: [] } });
  one.look(away, NOW);
  deepEqual(one.look(report(), NOW + OFFLINE_MS - 1), []);
  const never = report({ charger: { id: null, connected: false, connectors: [] } });
  const other = desk();
  other.look(never, NOW);
  deepEqual(other.look(never, NOW + OFFLINE_MS), []);
});

Deno.test("a fault is told when it comes, when it is another, and when it is over", () => {
  const one = desk();
  const look = (status: string, error_code: string) =>
    titles(one.look(
      report({
        charger: {
          id: "CP1",
          connected: true,
          connectors: [{ connector_id: 1, status, error_code }],
        },
      }),
      NOW,
    ));
  deepEqual(look("Faulted", "GroundFailure"), ["The charger has a fault"]);
  deepEqual(look("Faulted", "GroundFailure"), []);
  deepEqual(look("Faulted", "OverVoltage"), ["The charger has a fault"]);
  deepEqual(look("Available", "NoError"), ["The fault is over"]);
  deepEqual(look("Available", "NoError"), []);
});

Deno.test("a backlog is told when it is large, tenfold, and large again", () => {
  const one = desk();
  const look = (backlog: number) =>
    one.look(report({ backends: [{ id: "employer", backlog, problem: "refused" }] }), NOW).length;
  equal(look(BACKLOG_ENTRIES - 1), 0);
  equal(look(BACKLOG_ENTRIES), 1);
  equal(look(BACKLOG_ENTRIES * 5), 0);
  equal(look(BACKLOG_ENTRIES * 10), 1);
  equal(look(0), 0);
  equal(look(BACKLOG_ENTRIES), 1);
});

Deno.test("the end of an override is told in time, once, and not of a short one", () => {
  const one = desk();
  const ends = (at: number) => report({ mode: { mode: "paused", until: formatTime(at) } });
  const end = NOW + HOUR_MS;
  deepEqual(one.look(ends(end), NOW), []);
  deepEqual(titles(one.look(ends(end), end - ENDING_MS)), ["Your override ends soon"]);
  deepEqual(one.look(ends(end), end - 1_000), []);
  deepEqual(one.look(ends(end + ENDING_MS), end), []);
  deepEqual(one.look(ends(end + ENDING_MS), end + 1_000), []);
  const two = {
    mode: { mode: "paused", until: formatTime(end) },
    owner_limit: { current_a: 10, until: formatTime(end) },
  };
  const other = desk();
  other.look(report(two), NOW);
  equal(other.look(report(two), end - 1_000).length, 2);
  equal(other.look(report(two), end - 500).length, 0);
});

Deno.test("a question is asked once, and cleared when it is not open any more", () => {
  const one = desk();
  const questions = [QUESTION];
  const [asked] = one.look(report({ questions }), NOW);
  ok(asked?.type === "ask");
  equal(asked.deadline, NOW + 60_000);
  deepEqual(one.look(report({ questions }), NOW), []);
  deepEqual(one.look(report(), NOW), [{ type: "clear", tag: asked.tag }]);
});

Deno.test("there is silence after too many within an hour, and a voice again after it", () => {
  const one = desk();
  let told = 0;
  for (let session = 1; session <= 100; session++) {
    told += one.happened(denied(`backend ${session}`), session, NOW + session).length;
  }
  equal(told, MAX_NOTIFICATIONS_PER_HOUR);
  equal(one.happened(denied("evcc"), 101, NOW + HOUR_MS + 200).length, 1);
});

/** A charger whose one connector says this. */
function charging(connected: boolean, status = "Available", error_code = "NoError") {
  return report({
    charger: { id: "CP1", connected, connectors: [{ connector_id: 1, status, error_code }] },
  });
}

/** Eight hours of trouble: what goes wrong each minute, and what the owner hears of it all in all. */
const TROUBLE: readonly {
  readonly name: string;
  readonly minute: (one: NotificationDesk, minute: number, now: number) => readonly Notification[];
  /** What is told, and how often at most. */
  readonly told: Readonly<Record<string, number>>;
  /** The last word, an hour after it is over. */
  readonly last: string;
}[] = [
  {
    name: "a charger that comes and goes each minute",
    minute: (one, minute, now) => one.look(charging(minute % 2 === 0), now),
    told: { "The charger's connection is unsteady": 1 },
    last: "The charger's connection is unsteady",
  },
  {
    name: "a charger that is away for ten minutes, again and again",
    minute: (one, minute, now) => one.look(charging(minute % 20 < 10), now),
    told: { "The charger is away": 20, "The charger is back": 20 },
    last: "The charger is back",
  },
  {
    name: "a fault that comes and goes each minute",
    minute: (one, minute, now) =>
      one.look(charging(true, minute % 2 ? "Faulted" : "Available", "GroundFailure"), now),
    told: { "The charger has a fault": 20, "The fault is over": 20 },
    last: "The fault is over",
  },
  {
    name: "a hundred refusals of one backend in one session",
    minute: (one, minute, now) => minute < 100 ? one.happened(denied("evcc"), 1, now) : [],
    told: { "evcc was refused": 1 },
    last: "evcc was refused",
  },
  {
    name: "a refusal in each of many sessions",
    minute: (one, minute, now) => one.happened(denied("evcc"), minute, now),
    told: { "evcc was refused": 8 * MAX_NOTIFICATIONS_PER_MATTER },
    last: "evcc was refused",
  },
  {
    name: "a backlog that grows and shrinks",
    minute: (one, minute, now) => {
      const backlog = minute % 2 ? BACKLOG_ENTRIES : 0;
      return one.look(report({ backends: [{ id: "employer", backlog, problem: null }] }), now);
    },
    told: { "employer is behind": 8 * MAX_NOTIFICATIONS_PER_MATTER },
    last: "employer is behind",
  },
  {
    name: "a limit that is set anew each minute, for an hour each time",
    minute: (one, _, now) => {
      const until = formatTime(now + HOUR_MS);
      return one.look(report({ owner_limit: { current_a: 10, until } }), now);
    },
    told: {},
    last: "",
  },
];

for (const { name, minute, told, last } of TROUBLE) {
  Deno.test(`the owner is not told too often of ${name}, and a session is told all the same`, () => {
    const one = desk();
    const heard: string[] = [];
    const minutes = 8 * 60;
    for (let at = 0; at < minutes; at++) {
      heard.push(...titles(minute(one, at, NOW + 60_000 * at)));
    }
    const after = NOW + 60_000 * minutes;
    equal(one.happened({ type: "session", transaction_id: 7 }, 7, after).length, 1);
    heard.push(...titles(one.look(charging(true), after + HOUR_MS)));
    const counts = Object.groupBy(heard, (title) => title);
    deepEqual(Object.keys(counts).sort(), Object.keys(told).sort());
    for (const [title, most] of Object.entries(told)) {
      ok(counts[title]!.length <= most, `${title}: ${counts[title]!.length}`);
    }
    equal(heard.at(-1) ?? "", last);
  });
}

Deno.test("an unsteady connection is told once a day", () => {
  const one = desk();
  const lose = (times: number, from: number) => {
    const heard: string[] = [];
    for (let time = 0; time < times; time++) {
      heard.push(...titles(one.look(charging(true), from + 2_000 * time)));
      heard.push(...titles(one.look(charging(false), from + 2_000 * time + 1_000)));
    }
    return heard;
  };
  deepEqual(lose(UNSTEADY_LOSSES - 1, NOW), []);
  deepEqual(lose(1, NOW + 60_000), ["The charger's connection is unsteady"]);
  deepEqual(lose(3 * UNSTEADY_LOSSES, NOW + HOUR_MS), []);
  deepEqual(lose(UNSTEADY_LOSSES, NOW + 24 * HOUR_MS), []);
  deepEqual(lose(1, NOW + 25 * HOUR_MS), ["The charger's connection is unsteady"]);
});

Deno.test("what the owner does not want to hear is not said, but questions are asked", () => {
  const one = new NotificationDesk(new Set(["fault"]));
  deepEqual(one.happened(denied("evcc"), 1, NOW), []);
});
