// A household with one backend, facts and rules, and what the rules say about a request.

import type { FactConfiguration, RuleConfiguration } from "../../src/core/configuration.ts";
import { evaluateRules, type RuleRequest, type Ruling } from "../../src/core/rules.ts";
import { backend, configuration, Harness } from "./harness.ts";

/** A rule that denies, with whatever differs. */
export function rule(changes: Partial<RuleConfiguration> = {}): RuleConfiguration {
  return {
    name: "r",
    then: "deny",
    askTimeoutMs: 120_000,
    default: "deny",
    onUnknown: "deny",
    ...changes,
  };
}

/** It is Sunday 22 November 2026, 13:00 in Brussels; the tag TAG is the neighbour's. */
export function household(
  rules: readonly RuleConfiguration[],
  facts: readonly FactConfiguration[] = [],
): Harness {
  return new Harness(
    configuration({
      rules,
      facts,
      backends: [
        backend("neighbour", "controller", { tariff: "guest" }),
        backend("employer", "biller"),
      ],
      idTags: [{ tag: "TAG", owner: false, backend: "neighbour", action: "allow" }],
      tariffs: [{
        name: "guest",
        currency: "EUR",
        prices: {
          energyMicrosPerKwh: 290_000,
          timeMicrosPerMinute: 0,
          sessionMicros: 0,
          idleMicrosPerMinute: 0,
        },
        times: [],
        idleAfterMs: 0,
      }],
    }),
  );
}

/** What the rules say to a request of the neighbour. */
export function ask(harness: Harness, request: Partial<RuleRequest> = {}): Ruling {
  return evaluateRules(
    harness.state,
    {
      backendId: "neighbour",
      action: "RemoteStartTransaction",
      idTag: "04A2B3C4D5",
      connectorId: 1,
      ...request,
    },
    harness.now,
  );
}

/** Feeds a fact. */
export function feed(
  harness: Harness,
  name: string,
  value: string | null,
  attributes: Record<string, string | number | boolean | null | number[]> = {},
): void {
  harness.event({ type: "fact", name, value, attributes });
}

/** `deny: it is 13:00`, or `none`. */
export function said(ruling: Ruling): string {
  return ruling.type === "none" ? "none" : `${ruling.type}: ${ruling.because}`;
}
