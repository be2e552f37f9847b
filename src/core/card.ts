// A card at the charger: refused by the table, decided by the arbiter, or allowed a moment ago.

import { isExcluded } from "./objection.ts";
import { recordDecision } from "./decision.ts";
import type { OwnerMode } from "./event.ts";
import { comparable, idTagRow } from "./id_tag.ts";
import { localRequest } from "./local_request.ts";
import type { SessionRecord } from "./record.ts";
import { openSessions } from "./session.ts";
import type { State } from "./state.ts";
import type { TagGrant } from "./control_state.ts";
import type { Step } from "./step_context.ts";

/** So long a start with a card that was allowed is not decided again, ms. */
export const TAG_GRANT_MS = 600_000;

/** Cards whose grant is remembered; the oldest goes first. */
export const MAX_TAG_GRANTS = 100;

/** Whether the card is that of a running transaction: whoever began may end it, whatever the mode. */
export function isCharging(state: State, idTag: string): boolean {
  const wanted = comparable(idTag);
  return openSessions(state).some(({ idTag: tag }) => tag !== "" && comparable(tag) === wanted);
}

/** Whether the household's table denies a card; if so, that is written down as a decision. */
export function isDenied(step: Step, idTag: string): boolean {
  const row = idTagRow(step.state, idTag);
  if (row?.action !== "deny") return false;
  recordDecision(step, {
    backendId: row.backend ?? null,
    request: "Authorize",
    outcome: "denied",
    reason: `denied: the id tag table denies ${row.name === undefined ? "it" : `'${row.name}'`}`,
  });
  return true;
}

/** Has the arbiter decide about a card of `backendId`, null the household; a yes is remembered. */
export function allowCard(step: Step, backendId: string | null, idTag: string): boolean {
  const { state, now } = step;
  if (!localRequest(step, backendId, idTag).granted) return false;
  const { tagGrants, control: { mode } } = state;
  const tag = comparable(idTag);
  tagGrants.delete(tag);
  tagGrants.set(tag, { backendId, at: now, mode });
  if (tagGrants.size > MAX_TAG_GRANTS) tagGrants.delete(tagGrants.keys().next().value!);
  return true;
}

/** The last grant to a card, while it counts. */
export function grantOf(state: State, idTag: string, now: number): TagGrant | undefined {
  const grant = state.tagGrants.get(comparable(idTag));
  // A clock that was set back makes it one of the future.
  const counts = grant !== undefined && grant.at <= now && now < grant.at + TAG_GRANT_MS &&
    isSameMode(grant.mode, state.control.mode);
  return counts ? grant : undefined;
}

/**
 * Whether a transaction that has begun may go on, so far as it is for the household to say.
 *
 * What the arbiter has said of its card, or of the command that began it, is not decided twice,
 * unless the owner has shut its backend out since. What began while the charger could not ask was decided by the charger's own rules; only the table
 * still counts.
 */
export function allowStart(step: Step, session: SessionRecord): boolean {
  const { state, now } = step;
  const { idTag, backendId, connectorId } = session;
  if (isDenied(step, idTag)) return false;
  const granted = grantOf(state, idTag, now) !== undefined;
  // For one start: the next one is decided again.
  state.tagGrants.delete(comparable(idTag));
  if (granted) return true;
  // The owner's word may have changed since the command.
  const commanded = session.bookedBy === "remote_start" && backendId !== null;
  if (commanded && !isExcluded(state, backendId)) return true;
  if (session.startedAt < state.charger.connectedAt) return true;
  return localRequest(step, backendId, idTag, connectorId).granted;
}

function isSameMode(a: OwnerMode, b: OwnerMode): boolean {
  return a.mode === "backend"
    ? b.mode === "backend" && a.backendId === b.backendId
    : a.mode === b.mode;
}
