// Values as they stand in the reason of a decision.

import { maskedIdTag } from "./masked_id_tag.ts";

/** The most of a value that stands in a reason, characters. */
const MAX_TOLD = 40;

/** At most two decimals. */
export function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** A value from outside, on one line. */
export function short(text: string): string {
  const clean = text.replace(/\p{Cc}/gu, " ").trim();
  return clean.length > MAX_TOLD ? `${clean.slice(0, MAX_TOLD - 1)}…` : clean || "empty";
}

/** As in exports: enough to tell one's own tags apart, too little to copy one. */
export function masked(idTag: string): string {
  return idTag === "" ? "empty" : maskedIdTag(idTag);
}
