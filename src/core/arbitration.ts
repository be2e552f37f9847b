// Who may control: one pure decision over state, facts and request, in the contract's order (5).

import type { Permission } from "./configuration.ts";
import { factOf, presence } from "./fact.ts";
import { answerTo } from "./question.ts";
import { evaluateRules, type Ruling } from "./rules.ts";
import { openSessions } from "./session.ts";
import type { Lease, State } from "./state.ts";

/** A wish to make the charger do something. */
export interface ControlRequest {
  readonly backendId: string;
  /** The name of the action, for rules and the record. */
  readonly action: string;
  /** undefined: asking for control itself, which any control permission allows. */
  readonly permission: Permission | undefined;
  readonly connectorId: number | undefined;
  readonly idTag?: string | undefined;
}

/** Codes of the simple JSON protocol (section 6). */
export type DenialCode =
  | "control_locked"
  | "denied"
  | "rate_limited"
  | "charger_offline"
  | "not_permitted";

export interface Denial {
  readonly code: DenialCode;
  /** A sentence a person understands. */
  readonly reason: string;
  /** The household's rule that decided. */
  readonly rule?: string;
}

/** What goes with a grant. */
interface Grant {
  readonly reason: string;
  readonly rule: string | undefined;
  readonly limit: Lease["limit"];
}

export type Verdict =
  | { readonly type: "granted"; readonly renewed: boolean } & Grant
  /** As soon as the transactions of `from` have been ended. */
  | { readonly type: "handover"; readonly from: string } & Grant
  /** If the owner agrees. */
  | { readonly type: "ask"; readonly ruling: Ruling & { type: "ask" } }
  | { readonly type: "denied" } & Denial;

/** What a part of the decision says; undefined: it is for the next one to say. */
type Objection = Denial | undefined;

/** The permissions that lead to control. */
const CONTROL_PERMISSIONS: readonly Permission[] = ["start_stop", "limit", "reserve", "unlock"];

/** What is worth ending somebody else's transaction for: something new that begins. */
const BEGINS: ReadonlySet<string> = new Set(["request_control", "RemoteStartTransaction"]);

/** Decides; changes nothing. The owner is asked only for what could be had if the owner agrees. */
export function decide(state: State, request: ControlRequest, now: number): Verdict {
  const objection = ownerMode(state, request.backendId) ??
    safety(state, request.connectorId) ??
    sharing(state, request.backendId) ??
    permission(state, request) ??
    household(state, request.backendId, now) ??
    rateLimit(state, request.backendId, now);
  if (objection) return denied(objection);
  const ruling = evaluateRules(state, { idTag: undefined, ...request }, now);
  if (ruling.type === "deny") return denied(ruled(ruling));
  const standing = conflict(state, request, now);
  if ("code" in standing) return denied(standing);
  const held = state.control.lease;
  const agreed = held?.backendId === request.backendId && held.rule !== undefined &&
    ruling.type !== "none" && held.rule === ruling.rule;
  if (ruling.type === "ask" && !agreed) {
    const concern = { backendId: request.backendId, rule: ruling.rule, card: undefined };
    const answer = answerTo(state, concern, now);
    if (answer === undefined) return { type: "ask", ruling };
    if (!answer.allow) {
      const reason = answer.byDefault
        ? `the owner was asked and did not answer (rule '${ruling.rule}')`
        : `the owner said no (rule '${ruling.rule}')`;
      return denied({ code: "denied", reason, rule: ruling.rule });
    }
  }
  const limit = ruling.type === "limit"
    ? { rule: ruling.rule, currentA: ruling.currentA }
    : undefined;
  const rule = ruling.type === "none" ? undefined : ruling.rule;
  return { ...standing, rule, limit, reason: grantReason(standing.reason, ruling) };
}

/**
 * Decides about a card at the charger, which is a request by whoever it belongs to; null: the owner.
 *
 * A person stands there, and the charger itself knows what is free: neither the rate limit nor the
 * holder of control counts.
 */
export function decideLocal(
  state: State,
  request: {
    readonly backendId: string | null;
    readonly idTag: string;
    readonly connectorId: number | undefined;
  },
  now: number,
): Verdict {
  const { backendId } = request;
  const grant = { type: "granted", renewed: false, rule: undefined, limit: undefined } as const;
  if (backendId === null) {
    return state.control.mode.mode === "paused"
      ? denied({ code: "denied", reason: "the owner has paused charging" })
      : { ...grant, reason: "granted: the card is the household's own" };
  }
  const objection = ownerMode(state, backendId) ?? sharing(state, backendId) ??
    household(state, backendId, now);
  if (objection) return denied(objection);
  const ruling = evaluateRules(state, { ...request, backendId, action: "Authorize" }, now);
  if (ruling.type === "deny") return denied(ruled(ruling));
  if (ruling.type === "ask") {
    const concern = { backendId, rule: ruling.rule, card: request.idTag };
    const answer = answerTo(state, concern, now);
    if (answer === undefined) return { type: "ask", ruling };
    if (!answer.allow) {
      return denied({
        code: "denied",
        reason: `the owner said no (rule '${ruling.rule}')`,
        rule: ruling.rule,
      });
    }
  }
  return { ...grant, reason: grantReason(`granted: the card is ${backendId}'s`, ruling) };
}

/** Whether a backend has no say in who charges, by the owner's mode or the lists of providers. */
export function isExcluded(state: State, backendId: string): boolean {
  return (ownerMode(state, backendId) ?? sharing(state, backendId)) !== undefined;
}

/** Why a backend may not hold control at all, whatever it asks for; undefined: it may. */
export function barOf(state: State, backendId: string): string | undefined {
  const request = { backendId, action: "control", permission: undefined, connectorId: undefined };
  const bar = ownerMode(state, backendId) ?? sharing(state, backendId) ??
    permission(state, request);
  return bar?.reason;
}

function ownerMode({ control: { mode } }: State, backendId: string): Objection {
  switch (mode.mode) {
    case "auto":
      return undefined;
    case "owner_only":
      return { code: "denied", reason: "the owner has switched sharing off" };
    case "paused":
      return { code: "denied", reason: "the owner has paused charging" };
    case "backend":
      return mode.backendId === backendId
        ? undefined
        : { code: "denied", reason: `the owner has given control to ${mode.backendId} alone` };
    default:
      return mode satisfies never;
  }
}

function safety({ charger }: State, connectorId: number | undefined): Objection {
  if (charger.connection === undefined) {
    return { code: "charger_offline", reason: "the charger is not connected" };
  }
  for (const id of new Set([0, connectorId ?? 0])) {
    const status = charger.connectors.get(id)?.status;
    if (status?.status === "Faulted") {
      return { code: "denied", reason: `connector ${id} is faulted (${status.errorCode})` };
    }
  }
  const firmware = charger.notices.get("firmware")?.status;
  if (firmware === "Installing" || firmware === "InstallRebooting") {
    return { code: "denied", reason: "the charger is installing firmware" };
  }
  return undefined;
}

function sharing({ configuration }: State, backendId: string): Objection {
  if (!configuration.allowSharedCharging) {
    return { code: "denied", reason: "allow_shared_charging is off" };
  }
  if (configuration.blockedProviders.includes(backendId)) {
    return { code: "denied", reason: `${backendId} is in blocked_providers` };
  }
  const allowed = configuration.allowedProviders;
  if (allowed.length > 0 && !allowed.includes(backendId)) {
    return { code: "denied", reason: `${backendId} is not in allowed_providers` };
  }
  return undefined;
}

function permission({ backends }: State, request: ControlRequest): Objection {
  const { backendId, action } = request;
  const permissions = backends.get(backendId)?.configuration.permissions;
  if (permissions === undefined) {
    return { code: "not_permitted", reason: `${backendId} is not configured` };
  }
  const wanted = request.permission === undefined ? CONTROL_PERMISSIONS : [request.permission];
  if (wanted.some((item) => permissions.has(item))) return undefined;
  const reason = `${backendId} has no permission for ${action} (${wanted.join(" or ")})`;
  return { code: "not_permitted", reason };
}

/** The two sensors of the first ocpp-proxy. Whoever holds control already keeps it. */
function household(state: State, backendId: string, now: number): Objection {
  const { presenceSensor, overrideInputBoolean } = state.configuration;
  if (state.control.lease?.backendId === backendId) return undefined;
  if (presenceSensor !== undefined) {
    const fact = factOf(state, presenceSensor, now);
    if (fact === undefined) return unknown("presence_sensor", presenceSensor);
    if (presence(fact)) {
      const reason = `presence_sensor — somebody is home (${presenceSensor} is ${fact.value})`;
      return { code: "denied", reason };
    }
  }
  if (overrideInputBoolean !== undefined) {
    const fact = factOf(state, overrideInputBoolean, now);
    if (fact === undefined) return unknown("override_input_boolean", overrideInputBoolean);
    if (!presence(fact)) {
      const reason = `override_input_boolean — ${overrideInputBoolean} is ${fact.value}, not on`;
      return { code: "denied", reason };
    }
  }
  return undefined;
}

function unknown(key: string, fact: string): Denial {
  return { code: "denied", reason: `${key} — ${fact} is unknown` };
}

function rateLimit({ backends, configuration, control }: State, id: string, now: number) {
  if (control.lease?.backendId === id) return undefined;
  const grantedAt = backends.get(id)?.grantedAt;
  if (grantedAt === undefined || now >= grantedAt + configuration.rateLimitMs) return undefined;
  const seconds = Math.ceil((grantedAt + configuration.rateLimitMs - now) / 1000);
  const reason = `control was granted a moment ago; again in ${seconds} s`;
  return { code: "rate_limited", reason } as const;
}

type Standing =
  | { readonly type: "granted"; readonly renewed: boolean; readonly reason: string }
  | { readonly type: "handover"; readonly from: string; readonly reason: string };

/** What the present holder, and whoever charges, mean for a request (section 5, point 6). */
function conflict(
  state: State,
  { backendId, action }: ControlRequest,
  now: number,
): Standing | Denial {
  const { lease, handover } = state.control;
  if (lease?.backendId === backendId) {
    return { type: "granted", renewed: true, reason: "renewed: it holds control already" };
  }
  if (handover) {
    return handover.backendId === backendId
      ? { type: "handover", from: handover.from, reason: handover.reason }
      : locked(`${handover.backendId} is taking over control`);
  }
  const running = openSessions(state)
    .filter((session) => session.backendId !== null && session.backendId !== backendId);
  const [foreign] = running;
  if (foreign) {
    const what = `a transaction of ${foreign.backendId} is running`;
    if (!BEGINS.has(action)) {
      return isGiven(state, backendId)
        ? { type: "granted", renewed: false, reason: `granted: ${given(backendId)}` }
        : locked(what);
    }
    for (const session of running) {
      const since = lease?.backendId === session.backendId ? lease.grantedAt : session.startedAt;
      const objection = keepsControl(state, backendId, session.backendId!, since, what, now);
      if (objection) return objection;
    }
    const from = foreign.backendId!;
    return { type: "handover", from, reason: precedence(state, backendId, from) };
  }
  const starter = starting(state, now).find((id) => id !== backendId);
  if (starter !== undefined) {
    return locked(`${starter} is starting a transaction`);
  }
  if (lease === undefined) {
    return { type: "granted", renewed: false, reason: "granted: nobody else holds control" };
  }
  const what = lease.transactionId === undefined
    ? `${lease.backendId} holds control`
    : `${lease.backendId} controls the running transaction`;
  return keepsControl(state, backendId, lease.backendId, lease.grantedAt, what, now) ?? {
    type: "granted",
    renewed: false,
    reason: `granted: ${precedence(state, backendId, lease.backendId)}`,
  };
}

/** Why `holder` keeps control from `backendId`; undefined: it has to let go. */
function keepsControl(
  state: State,
  backendId: string,
  holder: string,
  since: number,
  what: string,
  now: number,
): Objection {
  if (isGiven(state, backendId)) return undefined;
  if (rankOf(state, backendId) <= rankOf(state, holder)) return locked(what);
  const until = since + (state.backends.get(holder)?.configuration.minHoldMs ?? 0);
  return until <= now
    ? undefined
    : locked(`${what}, and keeps control for another ${Math.ceil((until - now) / 1000)} s`);
}

/** When the present holder has to let go of control for somebody of a higher rank. */
export function minHoldEnd({ control: { lease }, backends }: State): number | undefined {
  return lease && lease.grantedAt + (backends.get(lease.backendId)?.configuration.minHoldMs ?? 0);
}

/** The owner has given control to this very backend. */
function isGiven({ control: { mode } }: State, backendId: string): boolean {
  return mode.mode === "backend" && mode.backendId === backendId;
}

function given(backendId: string): string {
  return `the owner has given control to ${backendId}`;
}

/** The higher comes first: `preferred_provider`, then `priority`. */
export function rankOf({ configuration, backends }: State, backendId: string): number {
  if (configuration.preferredProvider === backendId) return Infinity;
  return backends.get(backendId)?.configuration.priority ?? -Infinity;
}

function precedence(state: State, backendId: string, holder: string): string {
  if (isGiven(state, backendId)) return given(backendId);
  const why = rankOf(state, backendId) === Infinity
    ? "preferred_provider"
    : `priority ${rankOf(state, backendId)}`;
  return `${backendId} (${why}) comes before ${holder}`;
}

/**
 * Backends whose RemoteStartTransaction the charger has, or has accepted, and that have not begun
 * yet. One that may not charge any more is in nobody's way: its start will be refused.
 */
function starting(state: State, now: number): string[] {
  const { control: { claims }, charger } = state;
  const call = charger.pending?.call;
  const called = call?.action === "RemoteStartTransaction" ? call.backendId : undefined;
  return [
    ...claims.filter(({ expiresAt }) => expiresAt > now).map(({ backendId }) => backendId),
    ...called === undefined ? [] : [called],
  ].filter((id) => barOf(state, id) === undefined);
}

function grantReason(reason: string, ruling: Ruling): string {
  switch (ruling.type) {
    case "none":
    case "deny":
      return reason;
    case "allow":
      return `${reason}; rule '${ruling.rule}' allows it`;
    case "ask":
      return `${reason}; rule '${ruling.rule}': the owner agrees`;
    case "limit":
      return `${reason}, with at most ${ruling.currentA} A: rule '${ruling.rule}' — ${ruling.because}`;
    default:
      return ruling satisfies never;
  }
}

function ruled(ruling: Ruling & { type: "deny" | "allow" }): Denial {
  const reason = `rule '${ruling.rule}' — ${ruling.because}`;
  return { code: "denied", reason, rule: ruling.rule };
}

function locked(reason: string): Denial {
  return { code: "control_locked", reason };
}

function denied(denial: Denial): Verdict {
  return { type: "denied", ...denial, reason: `denied: ${denial.reason}` };
}
