// Who may control: one pure decision over state and request, in the contract's order (section 5).

import type { Permission } from "./configuration.ts";
import { openSessions } from "./session.ts";
import type { State } from "./state.ts";

/** A wish to make the charger do something. */
export interface ControlRequest {
  readonly backendId: string;
  /** The name of the action, for the record. */
  readonly action: string;
  /** undefined: asking for control itself, which any control permission allows. */
  readonly permission: Permission | undefined;
  readonly connectorId: number | undefined;
}

/** Codes of the simple JSON protocol (section 6). */
export type DenialCode =
  | "control_locked"
  | "denied"
  | "rate_limited"
  | "charger_offline"
  | "not_permitted";

export type Verdict =
  | { readonly granted: true; readonly outcome: "granted" | "renewed"; readonly reason: string }
  | Denial;

interface Denial {
  readonly granted: false;
  readonly code: DenialCode;
  readonly reason: string;
}

/** The permissions that lead to control. */
const CONTROL_PERMISSIONS: readonly Permission[] = ["start_stop", "limit", "reserve", "unlock"];

type Rule = (state: State, request: ControlRequest, now: number) => Verdict | undefined;

/** The order of the contract; the first that speaks wins. */
const RULES: readonly Rule[] = [
  ownerMode,
  safety,
  sharing,
  permission,
  rateLimit,
  presentHolder,
];

/** Decides; changes nothing. */
export function decide(state: State, request: ControlRequest, now: number): Verdict {
  for (const rule of RULES) {
    const verdict = rule(state, request, now);
    if (verdict?.granted) return verdict;
    if (verdict) return { ...verdict, reason: `denied: ${verdict.reason}` };
  }
  return { granted: true, outcome: "granted", reason: "granted: nobody else holds control" };
}

/** Why a backend may not hold control at all, whatever it asks for; undefined: it may. */
export function barOf(state: State, backendId: string): string | undefined {
  const request = { backendId, action: "control", permission: undefined, connectorId: undefined };
  const bar = ownerMode(state, request) ?? sharing(state, request) ?? permission(state, request);
  return bar?.reason;
}

function ownerMode({ control }: State, { backendId }: ControlRequest): Denial | undefined {
  const { mode } = control;
  switch (mode.mode) {
    case "auto":
      return undefined;
    case "owner_only":
      return denied("denied", "the owner has switched sharing off");
    case "paused":
      return denied("denied", "the owner has paused charging");
    case "backend":
      return mode.backendId === backendId
        ? undefined
        : denied("denied", `the owner has given control to ${mode.backendId} alone`);
    default:
      return mode satisfies never;
  }
}

function safety({ charger }: State, { connectorId }: ControlRequest): Denial | undefined {
  if (charger.connection === undefined) {
    return denied("charger_offline", "the charger is not connected");
  }
  for (const id of new Set([0, connectorId ?? 0])) {
    const status = charger.connectors.get(id)?.status;
    if (status?.status === "Faulted") {
      return denied("denied", `connector ${id} is faulted (${status.errorCode})`);
    }
  }
  const firmware = charger.notices.get("firmware")?.status;
  if (firmware === "Installing" || firmware === "InstallRebooting") {
    return denied("denied", "the charger is installing firmware");
  }
  return undefined;
}

function sharing({ configuration }: State, { backendId }: ControlRequest): Denial | undefined {
  if (!configuration.allowSharedCharging) {
    return denied("denied", "allow_shared_charging is off");
  }
  if (configuration.blockedProviders.includes(backendId)) {
    return denied("denied", `${backendId} is in blocked_providers`);
  }
  const allowed = configuration.allowedProviders;
  if (allowed.length > 0 && !allowed.includes(backendId)) {
    return denied("denied", `${backendId} is not in allowed_providers`);
  }
  return undefined;
}

function permission({ backends }: State, request: ControlRequest): Denial | undefined {
  const backend = backends.get(request.backendId);
  const permissions = backend?.configuration.permissions;
  const permitted = request.permission === undefined
    ? CONTROL_PERMISSIONS.some((item) => permissions?.has(item))
    : permissions?.has(request.permission);
  if (permitted) return undefined;
  const role = backend?.configuration.role ?? "observer";
  return denied("not_permitted", `the role ${role} does not include ${request.action}`);
}

function rateLimit(
  { backends, configuration, control }: State,
  { backendId }: ControlRequest,
  now: number,
): Denial | undefined {
  if (control.lease?.backendId === backendId) return undefined;
  const grantedAt = backends.get(backendId)?.grantedAt;
  if (grantedAt === undefined || now >= grantedAt + configuration.rateLimitMs) return undefined;
  const seconds = Math.ceil((grantedAt + configuration.rateLimitMs - now) / 1000);
  return denied("rate_limited", `control was granted a moment ago; again in ${seconds} s`);
}

function presentHolder(
  state: State,
  { backendId }: ControlRequest,
  now: number,
): Verdict | undefined {
  const { lease } = state.control;
  if (lease?.backendId === backendId) {
    return { granted: true, outcome: "renewed", reason: "renewed: it holds control already" };
  }
  const preferred = state.configuration.preferredProvider === backendId;
  const running = openSessions(state).find((session) =>
    session.backendId !== null && session.backendId !== backendId
  );
  if (running) {
    return denied("control_locked", `a transaction of ${running.backendId} is running`);
  }
  const starter = starting(state, now);
  if (starter !== undefined && starter !== backendId) {
    return denied("control_locked", `${starter} is starting a transaction`);
  }
  if (lease === undefined) return undefined;
  if (lease.transactionId !== undefined) {
    return denied("control_locked", `${lease.backendId} controls the running transaction`);
  }
  return preferred
    ? {
      granted: true,
      outcome: "granted",
      reason: `granted: preferred_provider comes before ${lease.backendId}, which charges nothing`,
    }
    : denied("control_locked", `${lease.backendId} holds control`);
}

/** A backend whose RemoteStartTransaction the charger has, or has accepted, and that has not begun. */
function starting({ control, charger }: State, now: number): string | undefined {
  if (control.claim && control.claim.expiresAt > now) return control.claim.backendId;
  const call = charger.pending?.call;
  return call?.action === "RemoteStartTransaction" ? call.backendId : undefined;
}

function denied(code: DenialCode, reason: string): Denial {
  return { granted: false, code, reason };
}
