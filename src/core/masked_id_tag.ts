// An id tag as it is shown to whoever need not know it; io/session_row.ts does the same in SQL.

/** `04******D5`; a tag of less than 8 characters is masked as a whole. */
export function maskedIdTag(idTag: string): string {
  const characters = [...idTag];
  if (characters.length < 8) return "******";
  return `${characters.slice(0, 2).join("")}******${characters.slice(-2).join("")}`;
}
