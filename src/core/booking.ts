// Whose a tag and its session are: RemoteStart's backend, else the table, else who authorised it.

import { isExcluded } from "./objection.ts";
import { claimant } from "./claim.ts";
import { comparable, idTagRow } from "./id_tag.ts";
import type { BookedBy } from "./record.ts";
import type { State } from "./state.ts";
import { noteFact, type Step } from "./step_context.ts";

/** Tags whose authorising backend is remembered; the oldest goes first. */
export const MAX_AUTHORIZED_TAGS = 500;

/** Decides to whom a session that begins now is booked. */
export function book(
  state: State,
  idTag: string,
  connectorId: number,
  now: number,
): { backendId: string | null; bookedBy: BookedBy } {
  const claimed = claimant(state, idTag, connectorId, now);
  // Whoever the owner has shut out since has no claim to a card that the table knows.
  const counts = claimed !== undefined &&
    !(isExcluded(state, claimed) && idTagRow(state, idTag) !== undefined);
  if (counts) return { backendId: claimed, bookedBy: "remote_start" };
  return holderOf(state, idTag);
}

/** Whose a tag is, as far as anybody has said; null: the household's. */
export function holderOf(
  state: State,
  idTag: string,
): { backendId: string | null; bookedBy: BookedBy } {
  const row = idTagRow(state, idTag);
  if (row) return { backendId: row.backend ?? null, bookedBy: "id_tag" };
  const backendId = state.authorizedBy.get(comparable(idTag));
  return backendId !== undefined && state.backends.has(backendId)
    ? { backendId, bookedBy: "authorization" }
    : { backendId: null, bookedBy: "nobody" };
}

/** Remembers which backend said yes to a tag. */
export function rememberAuthorization(step: Step, idTag: string, backendId: string): void {
  const { authorizedBy } = step.state;
  const tag = comparable(idTag);
  if (authorizedBy.get(tag) === backendId) return;
  authorizedBy.delete(tag);
  authorizedBy.set(tag, backendId);
  if (authorizedBy.size > MAX_AUTHORIZED_TAGS) {
    authorizedBy.delete(authorizedBy.keys().next().value!);
  }
  noteFact(step, "authorized_by", Object.fromEntries(authorizedBy));
}

/** The backend that said yes to a tag says no now. */
export function forgetAuthorization(step: Step, idTag: string, backendId: string): void {
  const { authorizedBy } = step.state;
  const tag = comparable(idTag);
  if (authorizedBy.get(tag) !== backendId) return;
  authorizedBy.delete(tag);
  noteFact(step, "authorized_by", Object.fromEntries(authorizedBy));
}
