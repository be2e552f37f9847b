// A person holds a card to the reader of the virtual charger.

import type { VirtualCharger } from "./charger.ts";

/** Starts, or stops, charging with a card; false: the card is refused here and now. */
export async function presentTag(
  charger: VirtualCharger,
  connectorId: number,
  idTag: string,
): Promise<boolean> {
  const connector = charger.connector(connectorId);
  const running = connector.transaction;
  // The tag that started needs no permission to stop (OCPP 1.6, section 4.1).
  if (running && sameTag(running.idTag, idTag)) {
    connector.stop("Local", idTag);
    return true;
  }
  const info = await charger.authorisation.check(idTag);
  charger.report(`connector ${connectorId}: tag ${idTag} is ${info.status}`);
  if (info.status !== "Accepted") return false;
  const family = (parent: string | undefined) =>
    parent !== undefined && info.parentIdTag !== undefined && sameTag(parent, info.parentIdTag);
  if (running) {
    if (!family(running.parentIdTag)) return false;
    connector.stop("Local", idTag);
    return true;
  }
  const { reservation } = connector;
  const welcome = !reservation || sameTag(reservation.idTag, idTag) ||
    family(reservation.parentIdTag);
  if (!connector.free || !welcome) return false;
  connector.authorise(idTag);
  return true;
}

/** Id tags are compared without regard to case. */
export function sameTag(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
