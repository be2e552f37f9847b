// What no peer should say, and some do.

/** What no peer should say; an answer goes to nobody, or to none but its own connection. */
export const GARBAGE: readonly string[] = [
  "",
  "nonsense",
  "[]",
  "{}",
  "[3]",
  "[2,42]",
  '[3,"nobody asked",{}]',
  '[4,"nobody asked","GenericError","",{}]',
  '[9,"type",{}]',
  `[${"[".repeat(40)}`,
];
