// The backends and households of the arbiter's property: what differs is what decides.

import type { CoreConfiguration, RuleConfiguration } from "../../src/core/configuration.ts";
import { backend, configuration } from "./harness.ts";

/** The backends, each as its role in a house has it. */
const MEMBERS = [
  backend("solar", "controller", { priority: 10 }),
  backend("grid", "controller", { priority: 20, minHoldMs: 40_300 }),
  backend("work", "biller", { priority: 15, minHoldMs: 7_100 }),
  backend("home", "controller", { priority: 10, minHoldMs: 90_700 }),
  backend("meter", "observer", { priority: 50 }),
];

/** Their ids. */
export const IDS = MEMBERS.map(({ id }) => id);

export type Member = "solar" | "grid" | "work" | "home" | "meter";

/** These two speak the JSON protocol. */
export const JSON_MEMBERS: ReadonlySet<string> = new Set(["home", "grid"]);

function rule(name: string, changes: Partial<RuleConfiguration>): RuleConfiguration {
  return {
    name,
    then: "deny",
    askTimeoutMs: 33_100,
    default: "deny",
    onUnknown: "deny",
    ...changes,
  };
}

/** Households between which a case goes back and forth. */
const HOUSES = {
  plain: {},
  strict: { blockedProviders: ["solar"], rateLimitMs: 45_200, preferredProvider: "work" },
  asking: {
    rules: [
      rule("grid must ask", { backends: ["grid"], then: "ask", askTimeoutMs: 17_300 }),
      rule("starts are asked", {
        backends: ["solar", "home"],
        when: 'action == "RemoteStartTransaction"',
        then: "ask",
        askTimeoutMs: 47_300,
        default: "allow",
      }),
      rule("work may", { backends: ["work"], then: "allow" }),
    ],
  },
  timed: {
    preferredProvider: "home",
    rules: [
      rule("not now", { backends: ["solar"], hours: { fromMinute: 782, toMinute: 787 } }),
      rule("gently", { backends: ["grid", "work"], then: "limit", currentA: 11 }),
      rule("cards are asked", { when: 'action == "Authorize"', then: "ask", default: "allow" }),
    ],
  },
  guarded: { presenceSensor: "person", rateLimitMs: 20_400 },
  closed: { allowSharedCharging: false },
  chosen: { allowedProviders: ["grid", "work"], charger: { maxCurrentA: 32 } },
} satisfies Record<string, Parameters<typeof configuration>[0]>;

export type House = keyof typeof HOUSES;

/** The configuration of a household. */
export function household(house: House): CoreConfiguration {
  const changes: Parameters<typeof configuration>[0] = HOUSES[house];
  return configuration({
    backends: MEMBERS,
    idTags: [
      { tag: "owner", owner: true, action: "allow" },
      ...IDS.map((id) => ({ tag: id, owner: false, backend: id, action: "allow" as const })),
    ],
    factMaxAgeMs: 200_100,
    ...changes,
    // A session whose connector is Available is no matter of these cases.
    charger: { ...changes.charger, lostStopAfterMs: 1e9 },
  });
}
