// Id tags: compared without case and separators (OCPP 1.6, section 7.28; chargers differ in both).

import type { IdTagConfiguration } from "./configuration.ts";
import type { State } from "./state.ts";

/** The form in which two spellings of one tag are equal. */
export function comparable(idTag: string): string {
  const plain = idTag.replace(/[\s:.\-]/g, "").toLowerCase();
  // A tag of separators alone still differs from the empty one.
  return plain === "" ? idTag.toLowerCase() : plain;
}

/** The household's row for a tag. */
export function idTagRow(state: State, idTag: string): IdTagConfiguration | undefined {
  const wanted = comparable(idTag);
  return state.configuration.idTags.find((row) => comparable(row.tag) === wanted);
}

/** The tag by which a backend knows a tag of the household (`send_as`). */
export function tagFor(state: State, backendId: string, idTag: string): string {
  return idTagRow(state, idTag)?.sendAs?.get(backendId) ?? idTag;
}

/** The household's tag that a backend means by one of its own; one without a row is what it is. */
export function tagFrom(state: State, backendId: string, idTag: string): string {
  const wanted = comparable(idTag);
  const row = state.configuration.idTags.find(({ sendAs }) => {
    const theirs = sendAs?.get(backendId);
    return theirs !== undefined && comparable(theirs) === wanted;
  });
  return row?.tag ?? idTag;
}
