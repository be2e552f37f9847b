// What a backend may be called, whether it is configured or comes by itself.

/** A backend's id, as it stands in `/backend/<id>`, in exports and logs. */
export const BACKEND_NAME = /^[\p{L}\p{N}][\p{L}\p{N}._~@ -]{0,47}$/u;

/** What is expected of one. */
export const BACKEND_NAME_RULE =
  "1 to 48 letters, digits, '.', '_', '-', '~', '@' or spaces, the first a letter or digit";

/** Names that stand for the owner and the modes, where backends stand too. */
const TAKEN: ReadonlySet<string> = new Set([
  "auto",
  "owner_only",
  "paused",
  "owner",
  "the household",
]);

/** Whether a backend of this name would be taken for something else where it is read. */
export function isTakenName(id: string): boolean {
  return TAKEN.has(id.toLowerCase());
}
