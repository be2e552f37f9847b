// The shape of the configuration in the header of a recording.

import * as v from "valibot";
import { type CoreConfiguration, PERMISSIONS } from "../core/configuration.ts";
import { isTimeZone } from "../core/local_time.ts";
import { checkExpression } from "../core/rule_expression.ts";
import { type Describes, wholeNumber } from "./shape.ts";

const text = v.string();
const optionalText = v.optional(text);
const number = v.number();
const flag = v.boolean();
const timeZone = v.pipe(text, v.check(isTimeZone, "expected an IANA time zone"));
const allowOrDeny = v.picklist(["allow", "deny"]);

const backend = v.object({
  id: text,
  enabled: flag,
  role: v.picklist(["observer", "biller", "controller", "admin"]),
  permissions: v.set(v.picklist(PERMISSIONS)),
  sees: v.picklist(["all", "own"]),
  priority: number,
  minHoldMs: number,
  tariff: optionalText,
  durable: flag,
  url: optionalText,
  chargePointId: optionalText,
  bootOnReconnect: flag,
  messageAttempts: number,
  messageRetryIntervalMs: number,
  lateRejection: v.picklist(["keep", "stop"]),
});

const idTag = v.object({
  tag: text,
  name: optionalText,
  owner: flag,
  backend: optionalText,
  action: allowOrDeny,
  sendAs: v.optional(v.map(text, text)),
});

const hours = v.optional(v.object({ fromMinute: number, toMinute: number }));
const weekdays = v.optional(v.set(v.picklist([1, 2, 3, 4, 5, 6, 7])));

const rule = v.object({
  name: text,
  when: v.optional(v.pipe(text, v.check(isExpression, "expected an expression"))),
  backends: v.optional(v.array(text)),
  hours,
  weekdays,
  presenceSensor: optionalText,
  maxEnergyKwhPerDay: v.optional(number),
  maxSessionsPerDay: v.optional(number),
  then: v.picklist(["allow", "deny", "ask", "limit"]),
  currentA: v.optional(number),
  askTimeoutMs: number,
  default: allowOrDeny,
  onUnknown: v.picklist(["deny", "ask", "limit"]),
});

/** The prices of a tariff. */
export const prices = v.object({
  energyMicrosPerKwh: wholeNumber,
  timeMicrosPerMinute: wholeNumber,
  sessionMicros: wholeNumber,
  idleMicrosPerMinute: wholeNumber,
});

const tariff = v.object({
  name: text,
  validFrom: optionalText,
  validUntil: optionalText,
  currency: text,
  vat: optionalText,
  prices,
  times: v.array(v.object({ hours, weekdays, prices: v.partial(prices) })),
  idleAfterMs: number,
});

/** The configuration of the core. */
export const configurationShape = v.object({
  charger: v.object({
    id: optionalText,
    timeZone: v.optional(timeZone),
    heartbeatIntervalS: number,
    answerDeadlineMs: number,
    callTimeoutMs: number,
    lostStopAfterMs: number,
    maxCurrentA: v.optional(number),
    fallbackCurrentA: number,
    limitSpacingMs: number,
    phases: number,
    voltageV: number,
  }),
  timeZone,
  currency: text,
  backends: v.array(backend),
  allowUnknownBackends: flag,
  allowSharedCharging: flag,
  preferredProvider: optionalText,
  allowedProviders: v.array(text),
  blockedProviders: v.array(text),
  presenceSensor: optionalText,
  overrideInputBoolean: optionalText,
  rateLimitMs: number,
  rules: v.array(rule),
  facts: v.array(v.object({ name: text, value: optionalText, maxAgeMs: number })),
  factMaxAgeMs: number,
  tariffs: v.array(tariff),
  household: v.object({ tariff: optionalText, priceSensor: optionalText }),
  controlTimeoutMs: number,
  reconnectGraceMs: number,
  idTags: v.array(idTag),
  unknownIdTags: v.picklist(["accept", "reject"]),
  dataTransfer: v.map(text, text),
  startSpacingMs: number,
});

true satisfies Describes<typeof configurationShape, CoreConfiguration>;

function isExpression(source: string): boolean {
  return checkExpression(source) === undefined;
}
