// Faults of what is decided: who controls, what the rules say, what may be drawn, what it costs.

import { type Fault, faultsOf } from "./fault.ts";

const OBJECTION = "src/core/objection.ts";
const CONDITION = "src/core/rule_condition.ts";
const PLAN = "src/core/limit_plan.ts";
const BILLING = "src/core/billing.ts";
const ACCOUNT = "src/core/session_account.ts";

export const ARBITRATION_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "an equal priority takes control from nobody",
    "src/core/conflict.ts",
    "rankOf(state, backendId) <= rankOf(state, holder)",
    "rankOf(state, backendId) < rankOf(state, holder)",
  ],
  [
    "a list of one allowed provider counts",
    OBJECTION,
    "if (allowed.length > 0 &&",
    "if (allowed.length > 1 &&",
  ],
  [
    "the rate limit ends at its very end",
    OBJECTION,
    "now >= grantedAt + configuration.rateLimitMs",
    "now > grantedAt + configuration.rateLimitMs",
  ],
  [
    "one permission to control is enough, none is not",
    OBJECTION,
    "if (wanted.some((item) => permissions.has(item))) return undefined;",
    "if (wanted.length > 0) return undefined;",
  ],
  [
    "the owner's agreement to one rule is none to another",
    "src/core/arbitration.ts",
    "held.rule === ruling.rule;",
    "held.rule !== undefined;",
  ],
  [
    "commands of whoever has lost control are withdrawn",
    "src/core/lease.ts",
    "  withdrawCommands(step, backendId, reason);\n",
    "",
  ],
  [
    "a card that was allowed once is decided anew the next time",
    "src/core/card.ts",
    "state.tagGrants.delete(comparable(idTag));",
    "",
  ],
  [
    "what is urgent reaches the charger first",
    "src/core/call_queue.ts",
    "queue.find((call) => call.urgent) ?? ",
    "",
  ],
]);

export const RULE_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "what is unknown allows nothing by default",
    "src/core/rules.ts",
    'return ruling(rule, rule.onUnknown, "deny", because);',
    "return ruling(rule, rule.onUnknown, rule.default, because);",
  ],
  [
    "a rule that cannot be told is not passed over",
    "src/core/rules.ts",
    "if (truth === false) continue;",
    "if (truth !== true) continue;",
  ],
  [
    "the opposite of unknown is unknown",
    CONDITION,
    "return truth === undefined ? undefined : !truth;",
    "return !truth;",
  ],
  [
    "one unknown part makes the whole unknown",
    CONDITION,
    "if (truth === undefined) result = undefined;",
    "",
  ],
]);

export const LIMIT_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "of two limits the lower counts",
    "src/core/limit_curve.ts",
    "limitA: Math.min(a.limitA, b.limitA),",
    "limitA: Math.max(a.limitA, b.limitA),",
  ],
  [
    "connectors share what the whole may draw",
    PLAN,
    "const each = divided(whole, ids.length);",
    "const each = whole;",
  ],
  [
    "a pause stops the current",
    "src/core/effective_limit.ts",
    'if (mode.mode === "paused") add(',
    'if (mode.mode === "owner_only") add(',
  ],
  [
    "the last of too many periods is the lowest of what it stands for",
    PLAN,
    "const limit = Math.min(...rest.map(",
    "const limit = Math.max(...rest.map(",
  ],
  [
    "power is counted with the phases of the schedule",
    PLAN,
    "(phases ?? usual)",
    "usual",
  ],
]);

export const BILLING_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "no Wh is lost where an interval is shared out",
    ACCOUNT,
    "byRemainder.slice(0, left)",
    "byRemainder.slice(0, 0)",
  ],
  [
    "energy is billed once",
    BILLING,
    "energyWh: Math.max(0, session.energyWh - before.energyWh),",
    "energyWh: session.energyWh,",
  ],
  [
    "amounts are rounded half up",
    ACCOUNT,
    "divideHalfUp(BigInt(amount) + BigInt(idle), UNITS_PER_MICRO)",
    "(BigInt(amount) + BigInt(idle)) / UNITS_PER_MICRO",
  ],
  [
    "some of the time after charging is free",
    ACCOUNT,
    "const begin = energyRoseAt + freeMs;",
    "const begin = energyRoseAt;",
  ],
  [
    "a new configuration does not change the prices that a session has had",
    BILLING,
    "return isSame ? prices : holdPrices(prices, from, to, before);",
    "return prices;",
  ],
]);
