// RemoteStartTransactions under way: the next start with their tag belongs to who sent them.

import type { Messages } from "../ocpp/types.ts";
import { comparable } from "./id_tag.ts";
import type { Claim, State } from "./state.ts";

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
  const { claim } = control;
  const fits = (tag: string, connector: number | undefined) =>
    comparable(tag) === comparable(idTag) &&
    (connector === undefined || connectorId === undefined || connector === connectorId);
  if (claim && claim.expiresAt > now && fits(claim.idTag, claim.connectorId)) {
    return claim.backendId;
  }
  const call = charger.pending?.call;
  if (call?.action !== "RemoteStartTransaction") return undefined;
  const { idTag: tag, connectorId: connector } = call.payload;
  return fits(String(tag), connector as number | undefined) ? call.backendId : undefined;
}

/** When a claim that is made now runs out, epoch milliseconds. */
export function claimEnd({ charger }: State, now: number): number {
  const key = charger.configuration?.find((row) => row.key === "ConnectionTimeOut");
  const seconds = Number(key?.value ?? DEFAULT_CONNECTION_TIMEOUT_S);
  const usable = seconds > 0 && seconds < LONGEST_CONNECTION_TIMEOUT_S;
  return now + 1000 * (usable ? seconds : DEFAULT_CONNECTION_TIMEOUT_S) + CLAIM_MARGIN_MS;
}

/** What has to be known of claims should the process die: a command under way may be obeyed. */
export function claimToKeep(state: State, now: number): Claim | undefined {
  const { control: { claim }, charger } = state;
  const call = charger.pending?.call;
  if (claim || call?.action !== "RemoteStartTransaction" || call.backendId === undefined) {
    return claim;
  }
  const { idTag, connectorId } = call.payload as Messages["RemoteStartTransaction"]["request"];
  return { backendId: call.backendId, idTag, connectorId, expiresAt: claimEnd(state, now) };
}
