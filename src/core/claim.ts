// RemoteStartTransactions under way: the next start with their tag belongs to who sent them.

import { comparable } from "./id_tag.ts";
import type { State } from "./state.ts";

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
