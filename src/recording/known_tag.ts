// Id tags that were seen, found again wherever they stand.

import { comparable } from "../core/id_tag.ts";
import type { Pseudonym } from "./pseudonym.ts";

/** What tags are known, and what becomes of them. */
export interface Scrub {
  /** undefined: tags stay what they are. */
  readonly pseudonym: Pseudonym | undefined;
  /** Tags that were seen, by their comparable form; they are found in other places, too. */
  readonly known: Set<string>;
}

/** Tags that are remembered. */
export const MAX_KNOWN_TAGS = 10_000;

/** What is longer is no tag, and is not remembered, characters. */
const MAX_TAG_LENGTH = 64;

/** What is shorter may be any text. */
const MIN_TEXT_LENGTH = 4;

/** What is shorter may be any word or number of a longer text. */
const MIN_WORD_LENGTH = 8;

/** Words of one tag: ten bytes, each for itself. */
const MAX_WORDS = 10;

const WORD = /[\p{L}\p{N}]+/gu;

/** Times and numbers: what is decided depends on them. */
const MEASURED = /^\s*(?:\d{4}-\d\d-\d\dT|[-+]?\d+(?:\.\d+)?\s*$)/;

/** What `comparable` leaves out. */
const SEPARATORS = /[\s:.\-]/g;

/** So many known tags are looked for at once, before a text is taken apart. */
const MAX_TAGS_AT_ONCE = 32;

/** What may stand between two characters of a tag in JSON text; every other escape is written as `\u`. */
const BETWEEN = "(?:[\\s:.\\-]|\\\\+[nrtf])*";

/** Never found. */
const NOTHING = /[^\s\S]/;

interface Search {
  readonly size: number;
  readonly pattern: RegExp | undefined;
}

const searches = new WeakMap<ReadonlySet<string>, Search>();

/**
 * Whether a known tag can be in a JSON text without `\u`; a look that costs a tenth of taking it
 * apart. With many known tags, or one that is not of ASCII, the answer is always yes.
 */
export function mayHoldKnownTag({ pseudonym, known }: Scrub, text: string): boolean {
  if (pseudonym === undefined) return false;
  let search = searches.get(known);
  if (search?.size !== known.size) {
    search = { size: known.size, pattern: patternOf(known) };
    searches.set(known, search);
  }
  return search.pattern?.test(text) ?? true;
}

function patternOf(known: ReadonlySet<string>): RegExp | undefined {
  const tags = [...known];
  if (tags.length === 0) return NOTHING;
  if (tags.length > MAX_TAGS_AT_ONCE || !tags.every((tag) => /^[a-z\d]+$/.test(tag))) return;
  return new RegExp(tags.map((tag) => [...tag].join(BETWEEN)).join("|"), "i");
}

/** The stand-in for a tag, which is known from now on. */
export function tagOf(scrub: Scrub, idTag: string): string {
  if (scrub.pseudonym === undefined) return idTag;
  if (idTag.length <= MAX_TAG_LENGTH && scrub.known.size < MAX_KNOWN_TAGS) {
    scrub.known.add(comparable(idTag));
  }
  return scrub.pseudonym(idTag);
}

/** A text that is a known tag becomes its stand-in; undefined: it is none. */
export function knownTag({ pseudonym, known }: Scrub, text: string): string | undefined {
  if (pseudonym === undefined) return undefined;
  if (text.length < MIN_TEXT_LENGTH || text.length > MAX_TAG_LENGTH) return undefined;
  return known.has(comparable(text)) ? pseudonym(text) : undefined;
}

/** A text with stand-ins for the known tags among its words, `card 04A2B3C4D5 seen`. */
export function withoutKnownTags({ pseudonym, known }: Scrub, text: string): string {
  if (pseudonym === undefined || known.size === 0) return text;
  if (text.length < MIN_WORD_LENGTH || MEASURED.test(text)) return text;
  const words = Array.from(text.matchAll(WORD), ({ index, 0: word }): Span => ({
    begin: index,
    end: index + word.length,
  }));
  let changed = "";
  let done = 0;
  for (let first = 0; first < words.length; first++) {
    const last = lastWordOfTag(known, text, words, first);
    if (last === undefined) continue;
    const { begin } = words[first]!;
    const { end } = words[last]!;
    changed += text.slice(done, begin) + pseudonym(text.slice(begin, end));
    done = end;
    first = last;
  }
  return done === 0 ? text : changed + text.slice(done);
}

interface Span {
  readonly begin: number;
  readonly end: number;
}

/** Where the longest tag ends that begins with this word; undefined: none does. */
function lastWordOfTag(
  known: ReadonlySet<string>,
  text: string,
  words: readonly Span[],
  first: number,
): number | undefined {
  const { begin } = words[first]!;
  const end = Math.min(first + MAX_WORDS, words.length);
  let tag = "";
  let from = begin;
  let found: number | undefined;
  for (let index = first; index < end; index++) {
    const word = words[index]!;
    if (word.end - begin > MAX_TAG_LENGTH) break;
    tag += text.slice(from, word.end).replace(SEPARATORS, "").toLowerCase();
    from = word.end;
    if (tag.length >= MIN_WORD_LENGTH && known.has(tag)) found = index;
  }
  return found;
}
