// Keeps what is remembered within a bound.

/** Deletes what was put in first, as long as there are more than `most`. */
export function forgetOldest<Key>(
  kept: { readonly size: number; keys(): Iterator<Key>; delete(key: Key): boolean },
  most: number,
): void {
  while (kept.size > most) kept.delete(kept.keys().next().value!);
}
