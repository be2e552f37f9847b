// What keeps a backend from control before anybody else counts: mode, safety, lists, rights, pace.

import type { Permission } from "./configuration.ts";
import { factOf, presence } from "./fact.ts";
import type { State } from "./state.ts";

/** A wish to make the charger do something. */
export interface ControlRequest {
  readonly backendId: string;
  /** The name of the action, for rules and the record. */
  readonly action: string;
  /** undefined: asking for control itself, which any control permission allows. */
  readonly permission: Permission | undefined;
  readonly connectorId: number | undefined;
  readonly idTag?: string | undefined;
  /** In the backend's own words, for the owner to read; rules do not. */
  readonly why?: string | undefined;
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

/** What a part of the decision says; undefined: it is for the next one to say. */
export type Objection = Denial | undefined;

/** The permissions that lead to control. */
const CONTROL_PERMISSIONS: readonly Permission[] = ["start_stop", "limit", "reserve", "unlock"];

/** The mode that the owner chose. */
export function ownerMode({ control: { mode } }: State, backendId: string): Objection {
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

/** A charger that is away, faulted or busy with itself is nobody's. */
export function safety({ charger }: State, connectorId: number | undefined): Objection {
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

/** `allow_shared_charging` and the lists of providers. */
export function sharing({ configuration }: State, backendId: string): Objection {
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

/** What the backend's role or its `permissions` include. */
export function permission({ backends }: State, request: ControlRequest): Objection {
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
export function household(state: State, backendId: string, now: number): Objection {
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

/** `rate_limit_seconds` since the last grant; being refused does not prolong it. */
export function rateLimit(
  { backends, configuration, control }: State,
  id: string,
  now: number,
): Objection {
  if (control.lease?.backendId === id) return undefined;
  const grantedAt = backends.get(id)?.grantedAt;
  if (grantedAt === undefined || now >= grantedAt + configuration.rateLimitMs) return undefined;
  const seconds = Math.ceil((grantedAt + configuration.rateLimitMs - now) / 1000);
  const reason = `control was granted a moment ago; again in ${seconds} s`;
  return { code: "rate_limited", reason };
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
