// RemoteStartTransactions under way: the next start with their tag belongs to who sent them.

import type { Messages } from "../ocpp/types.ts";
import { MAX_CONNECTORS } from "./charger_notice.ts";
import { limitsChanged } from "./charging_limit.ts";
import { comparable } from "./id_tag.ts";
import { saveControl } from "./lease.ts";
import type { SessionRecord } from "./record.ts";
import type { State } from "./state.ts";
import type { Claim } from "./control_state.ts";
import type { Step } from "./step_context.ts";

/** What a claim gets beyond the charger's ConnectionTimeOut. */
const CLAIM_MARGIN_MS = 15_000;

/** The longest ConnectionTimeOut that is believed, s. */
const LONGEST_CONNECTION_TIMEOUT_S = 3_600;

/** No claim lasts longer. */
export const LONGEST_CLAIM_MS = 1000 * LONGEST_CONNECTION_TIMEOUT_S + CLAIM_MARGIN_MS;

/** ConnectionTimeOut of a charger that does not tell. */
const DEFAULT_CONNECTION_TIMEOUT_S = 60;

/**
 * The backend whose RemoteStartTransaction a charger is carrying out with this tag.
 *
 * The charger's start may cross its confirmation, so a CALL without an answer counts too
 * (ocpp16.md, N38). `connectorId` undefined: any.
 */
export function claimant(
  { control, charger }: State,
  idTag: string,
  connectorId: number | undefined,
  now: number,
): string | undefined {
  const live = control.claims.filter(({ expiresAt }) => expiresAt > now);
  const claim = claimFor(live, idTag, connectorId);
  if (claim) return claim.backendId;
  const call = charger.pending?.call;
  if (call?.action !== "RemoteStartTransaction") return undefined;
  const request = call.payload as Messages["RemoteStartTransaction"]["request"];
  return comparable(request.idTag) === comparable(idTag) && meet(request.connectorId, connectorId)
    ? call.backendId
    : undefined;
}

/** The claim that a tag on a connector fits: one that names it rather than one that names none. */
function claimFor(
  claims: readonly Claim[],
  idTag: string,
  connectorId: number | undefined,
): Claim | undefined {
  const fitting = claims.filter((claim) =>
    comparable(claim.idTag) === comparable(idTag) && meet(claim.connectorId, connectorId)
  );
  return fitting.findLast((claim) => claim.connectorId === connectorId) ?? fitting.at(-1);
}

/** Whether two connectors may be the same one; undefined: any. */
function meet(one: number | undefined, other: number | undefined): boolean {
  return one === undefined || other === undefined || one === other;
}

/** Whether a RemoteStartTransaction of a backend was accepted that has not begun yet. */
export function isClaiming({ control }: State, backendId: string): boolean {
  return control.claims.some((claim) => claim.backendId === backendId);
}

/** When a claim that is made now runs out, epoch milliseconds. */
function claimEnd({ charger }: State, now: number): number {
  const key = charger.configuration?.find((row) => row.key === "ConnectionTimeOut");
  const seconds = Number(key?.value ?? DEFAULT_CONNECTION_TIMEOUT_S);
  const usable = seconds > 0 && seconds < LONGEST_CONNECTION_TIMEOUT_S;
  return now + 1000 * (usable ? seconds : DEFAULT_CONNECTION_TIMEOUT_S) + CLAIM_MARGIN_MS;
}

/** The charger has accepted a RemoteStartTransaction: the next start there with this tag is its. */
export function claimStart(
  step: Step,
  backendId: string,
  idTag: string,
  connectorId: number | undefined,
): void {
  const { state, now } = step;
  const { control } = state;
  const claim = { backendId, idTag, connectorId, expiresAt: claimEnd(state, now) };
  const others = control.claims.filter((other) => other.connectorId !== connectorId);
  control.claims = [...others, claim].slice(-MAX_CONNECTORS);
  const { lease } = control;
  if (lease?.backendId === backendId) {
    lease.expiresAt = Math.max(lease.expiresAt, claim.expiresAt);
  }
  saveControl(step);
}

/**
 * A start, whoever's it is, ends the claims on its connector: with another tag, too, they are void,
 * as is then one that names no connector (ocpp16.md, N24).
 */
export function spendClaims(
  step: Step,
  { connectorId, idTag }: Pick<SessionRecord, "connectorId" | "idTag">,
): void {
  const own = claimFor(step.state.control.claims, idTag, connectorId);
  dropClaims(step, (claim) =>
    claim === own || claim.connectorId === connectorId ||
    (own === undefined && claim.connectorId === undefined));
}

/** Takes out what `which` says, and returns it. */
export function dropClaims(step: Step, which: (claim: Claim) => boolean): readonly Claim[] {
  const { control } = step.state;
  const dropped = control.claims.filter(which);
  if (dropped.length === 0) return dropped;
  control.claims = control.claims.filter((claim) => !dropped.includes(claim));
  control.recheck = true;
  saveControl(step);
  // The profile that came with the command goes with it.
  limitsChanged(step);
  return dropped;
}

/** What has to be known of claims should the process die: a command under way may be obeyed. */
export function claimsToKeep(state: State, now: number): readonly Claim[] {
  const { control: { claims }, charger } = state;
  const call = charger.pending?.call;
  if (call?.action !== "RemoteStartTransaction" || call.backendId === undefined) return claims;
  const { backendId } = call;
  const { idTag, connectorId } = call.payload as Messages["RemoteStartTransaction"]["request"];
  const known = claims.some((claim) =>
    claim.backendId === backendId && claim.connectorId === connectorId &&
    comparable(claim.idTag) === comparable(idTag)
  );
  return known
    ? claims
    : [...claims, { backendId, idTag, connectorId, expiresAt: claimEnd(state, now) }];
}
