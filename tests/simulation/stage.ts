// The households of the simulation: configurations that one another's reload may bring, and rules.

import type { BackendConfiguration, CoreConfiguration } from "../../src/core/configuration.ts";
import type { RuleConfiguration } from "../../src/core/configuration.ts";
import { backend, configuration } from "../core/harness.ts";
import { type BackendId, BACKENDS, TAGS } from "./move.ts";

/** A backend that refuses a message again and again loses it soon. */
const IMPATIENT = { messageAttempts: 2, messageRetryIntervalMs: 2_000 };

/** A fact that was not heard again for so long is unknown, ms. */
export const FACT_AGE_MS = 60_000;

/** What a rule limits to, A. */
export const RULE_LIMIT_A = 11;

/** How a rule is called by which the owner is asked about a backend. */
export const ASKING: Readonly<Partial<Record<BackendId, string>>> = { c: "c asks", j: "j asks" };

const rule = (
  name: string,
  when: string,
  then: RuleConfiguration["then"],
  more: Partial<RuleConfiguration> = {},
): RuleConfiguration => ({
  name,
  when,
  then,
  askTimeoutMs: 20_000,
  default: "deny",
  onUnknown: "deny",
  ...more,
});

/** `b` may nothing at night, `c` asks, `j` asks at night, and all are limited while the house draws. */
const RULES: readonly RuleConfiguration[] = [
  rule("b sleeps", 'backend == "b" && ha("sun") == "down"', "deny"),
  rule("c asks", 'backend == "c"', "ask"),
  rule("j asks", 'backend == "j" && ha("sun") == "down"', "ask", {
    default: "allow",
    onUnknown: "ask",
  }),
  rule("gentle", 'number(ha("house")) > 4000', "limit", {
    currentA: RULE_LIMIT_A,
    onUnknown: "limit",
  }),
];

const A = backend("a", "biller", { url: "ws://192.0.2.1/a", ...IMPATIENT });
const B = backend("b", "controller", { priority: 5 });
const C = backend("c", "biller", { sees: "own", priority: 2, ...IMPATIENT });
const J = backend("j", "controller", { durable: true, priority: 1 });

const household = (
  backends: readonly BackendConfiguration[],
  rules: readonly RuleConfiguration[] = [],
): CoreConfiguration =>
  configuration({
    backends,
    rules,
    factMaxAgeMs: FACT_AGE_MS,
    idTags: TAGS.map((tag, index) => {
      const owner = BACKENDS[index];
      return {
        tag,
        ...owner !== undefined && { backend: owner },
        action: "allow" as const,
        owner: owner === undefined,
      };
    }),
    dataTransfer: new Map([["vendor", "b"]]),
  });

/**
 * `a` is dialled, the others dial; `c` sees its own transactions only; `j` speaks JSON. What may
 * replace that: rules; somebody who may everything; somebody who is gone; others who see only their
 * own, and other ranks.
 */
export const HOUSEHOLDS: readonly CoreConfiguration[] = [
  household([A, B, C, J]),
  household([A, B, C, J], RULES),
  household([
    backend("a", "admin", { url: "ws://192.0.2.1/a", ...IMPATIENT }),
    backend("b", "observer"),
    C,
    backend("j", "controller", { durable: true, sees: "own" }),
  ]),
  household([A, C], RULES.slice(3)),
  household([
    backend("b", "admin", { priority: 1, minHoldMs: 5_000 }),
    backend("c", "controller", { sees: "own", priority: 9, ...IMPATIENT }),
    J,
  ], RULES.slice(0, 2)),
];
