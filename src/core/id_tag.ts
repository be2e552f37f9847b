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
