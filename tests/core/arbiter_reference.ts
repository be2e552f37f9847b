// A second arbiter, naive and slow, written from section 5 of the contract alone: plain data, no core.

import type { CoreConfiguration, RuleConfiguration } from "../../src/core/configuration.ts";

/** A wish to make the charger do something; `permission` undefined: control itself. */
export interface Wish {
  readonly who: string;
  readonly action: string;
  readonly permission: "start_stop" | "limit" | "reserve" | "unlock" | undefined;
  readonly connector: number | undefined;
}

/** What comes of a wish. */
export type Word =
  | { readonly word: "granted" | "renewed"; readonly rule?: string; readonly limitA?: number }
  | { readonly word: "handover"; readonly from: string; readonly rule?: string }
  | { readonly word: "ask"; readonly rule: string }
  | { readonly word: "denied"; readonly code: string };

/** A transaction that runs on the charger; `who` null: the household's. */
export interface Running {
  readonly id: number;
  readonly who: string | null;
  readonly connector: number;
  readonly since: number;
}

/** The owner's mode: one of three words, or the backend that alone may control. */
export type Mode = "auto" | "owner_only" | "paused" | { readonly only: string };

/** Everything that a decision may depend on. */
export interface House {
  now: number;
  /** Minutes of the household's clock at `now` 0. */
  readonly minuteAtZero: number;
  configuration: CoreConfiguration;
  mode: Mode;
  chargerThere: boolean;
  readonly faulted: Set<number>;
  /** What the presence sensor said, and when. */
  presence: { value: string; at: number } | undefined;
  readonly running: Running[];
  lease: { who: string; since: number; rule: string | undefined } | undefined;
  claims: { who: string; connector: number | undefined; until: number }[];
  /** Whose RemoteStartTransaction the charger has not answered yet. */
  startInFlight: string | undefined;
  handover: { to: string; from: string } | undefined;
  readonly grantedAt: Map<string, number>;
  /** `card`: about its card, not about what it asks for itself. */
  answers: { who: string; rule: string; card: boolean; allow: boolean; until: number }[];
}

const DENIED: Word = { word: "denied", code: "denied" };
const LOCKED: Word = { word: "denied", code: "control_locked" };

/** What is to be said to a wish; the order is that of the contract. */
export function judge(house: House, wish: Wish): Word {
  const { who, action, connector, permission } = wish;
  const holds = house.lease?.who === who;
  // 1: the owner's mode.
  if (!ownerLets(house, who)) return DENIED;
  // 2: safety.
  if (!house.chargerThere) return { word: "denied", code: "charger_offline" };
  if (house.faulted.has(0) || (connector !== undefined && house.faulted.has(connector))) {
    return DENIED;
  }
  // 3: sharing and permissions.
  if (!isListed(house, who)) return DENIED;
  if (!may(house, who, permission)) return { word: "denied", code: "not_permitted" };
  if (!holds && somebodyIsHome(house)) return DENIED;
  // 4: the rate limit.
  const { rateLimitMs } = house.configuration;
  const granted = house.grantedAt.get(who);
  if (!holds && granted !== undefined && house.now < granted + rateLimitMs) {
    return { word: "denied", code: "rate_limited" };
  }
  // 5: the rules. A question is worth asking only if nothing else is in the way.
  const rule = ruleFor(house, who, action);
  if (rule?.then === "deny") return DENIED;
  // 6: the present holder.
  const word = standing(house, wish);
  if (word.word === "denied" || word.word === "ask") return word;
  if (rule?.then === "ask" && !(holds && house.lease?.rule === rule.name)) {
    const answer = answerOf(house, who, rule.name, false);
    if (answer === undefined) return { word: "ask", rule: rule.name };
    if (!answer.allow) return DENIED;
  }
  return {
    ...word,
    ...rule && { rule: rule.name },
    ...rule?.then === "limit" && { limitA: rule.currentA },
  };
}

/** What is to be said to a card at the charger; null: the household's own. */
export function judgeCard(house: House, who: string | null): Word {
  if (who === null) return house.mode === "paused" ? DENIED : { word: "granted" };
  if (!ownerLets(house, who) || !isListed(house, who)) return DENIED;
  if (house.lease?.who !== who && somebodyIsHome(house)) return DENIED;
  const rule = ruleFor(house, who, "Authorize");
  if (rule?.then === "deny") return DENIED;
  if (rule?.then === "ask") {
    const answer = answerOf(house, who, rule.name, true);
    if (answer === undefined) return { word: "ask", rule: rule.name };
    if (!answer.allow) return DENIED;
  }
  return { word: "granted" };
}

/** Whether a backend may hold control at all. */
export function mayHold(house: House, who: string): boolean {
  return isLetIn(house, who) && may(house, who, undefined);
}

/** Whether the owner lets a backend have a say at all. */
export function isLetIn(house: House, who: string): boolean {
  return ownerLets(house, who) && isListed(house, who);
}

/** The higher comes first. */
export function rank({ configuration }: House, who: string): number {
  if (configuration.preferredProvider === who) return 1e9;
  return memberOf(configuration, who)!.priority;
}

/** The first rule that speaks of a backend's action now. */
export function ruleFor(
  { configuration, now, minuteAtZero }: House,
  who: string,
  action: string,
): RuleConfiguration | undefined {
  const minute = (Math.floor(now / 60_000) + minuteAtZero) % 1_440;
  return configuration.rules.find(({ backends, hours, when }) => {
    if (backends && !backends.includes(who)) return false;
    if (hours && (minute < hours.fromMinute || minute >= hours.toMinute)) return false;
    return when === undefined || when === `action == "${action}"`;
  });
}

function ownerLets({ mode }: House, who: string): boolean {
  return mode === "auto" || (typeof mode === "object" && mode.only === who);
}

function isListed({ configuration }: House, who: string): boolean {
  const { allowSharedCharging, allowedProviders, blockedProviders } = configuration;
  if (!allowSharedCharging || blockedProviders.includes(who)) return false;
  return allowedProviders.length === 0 || allowedProviders.includes(who);
}

function may({ configuration }: House, who: string, permission: Wish["permission"]): boolean {
  const permissions = memberOf(configuration, who)!.permissions;
  if (permission !== undefined) return permissions.has(permission);
  return (["start_stop", "limit", "reserve", "unlock"] as const).some((one) =>
    permissions.has(one)
  );
}

function somebodyIsHome({ configuration, presence, now }: House): boolean {
  if (configuration.presenceSensor === undefined) return false;
  const known = presence !== undefined && now < presence.at + configuration.factMaxAgeMs;
  return !known || presence.value === "home";
}

function answerOf({ answers, now }: House, who: string, rule: string, card: boolean) {
  return answers.find((one) =>
    one.who === who && one.rule === rule && one.card === card && now < one.until
  );
}

function memberOf(configuration: CoreConfiguration, who: string) {
  return configuration.backends.find(({ id }) => id === who);
}

/** Point 6: who holds control, charges, or is about to. */
function standing(house: House, { who, action }: Wish): Word {
  const { lease, handover, claims, now, running } = house;
  if (lease?.who === who) return { word: "renewed" };
  if (handover) {
    return handover.to === who ? { word: "handover", from: handover.from } : LOCKED;
  }
  const others = running.filter((one) => one.who !== null && one.who !== who);
  if (others.length > 0) {
    if (action !== "request_control" && action !== "RemoteStartTransaction") {
      return isGiven(house, who) ? { word: "granted" } : LOCKED;
    }
    for (const one of others) {
      const since = lease?.who === one.who ? lease.since : one.since;
      if (!comesBefore(house, who, one.who!, since)) return LOCKED;
    }
    return { word: "handover", from: others[0]!.who! };
  }
  const starters = claims.filter(({ until }) => until > now).map((claim) => claim.who);
  if (house.startInFlight !== undefined) starters.push(house.startInFlight);
  if (starters.some((one) => one !== who && mayHold(house, one))) return LOCKED;
  if (lease === undefined || comesBefore(house, who, lease.who, lease.since)) {
    return { word: "granted" };
  }
  return LOCKED;
}

function comesBefore(house: House, who: string, holder: string, since: number): boolean {
  if (isGiven(house, who)) return true;
  const { minHoldMs } = memberOf(house.configuration, holder)!;
  return rank(house, who) > rank(house, holder) && house.now >= since + minHoldMs;
}

function isGiven({ mode }: House, who: string): boolean {
  return typeof mode === "object" && mode.only === who;
}
