// Stand-ins for id tags: the same tag is always the same stand-in, and nobody can tell the tag.

import { createHmac } from "node:crypto";
import { comparable } from "../core/id_tag.ts";

/** Turns an id tag into its stand-in. */
export type Pseudonym = (idTag: string) => string;

/** Tags whose letters are remembered. */
const MAX_REMEMBERED = 1_000;

/** Fewer letters would soon stand for two tags. */
const LEAST_LETTERS = 8;

/** Letters that are made of one tag: a longer one, which is none, repeats them. */
const MOST_LETTERS = 64;

/** What fits into an IdToken, OCPP 1.6 section 7.28. */
const LONGEST_TAG = 20;

/** Spaces and what some chargers add: no part of a tag. */
// deno-lint-ignore no-control-regex -- chargers do send them
const BESIDE = /[\u0000-\u001f\u007f\s]/g;

/** A letter or digit. */
const SIGN = /[\p{L}\p{N}]/u;

/**
 * Stand-ins by HMAC-SHA-256 with a key of the household.
 *
 * Spellings that `comparable` takes for one tag stay one, and different ones stay different: case
 * and separators remain, and the length, but for tags of fewer than LEAST_LETTERS. A tag of digits
 * alone gets digits, so that it may be a number.
 */
export function pseudonyms(key: string): Pseudonym {
  const remembered = new Map<string, string>();
  return (idTag) => {
    // Some chargers add to a tag of full length: its beginning is still that tag.
    const head = idTag.slice(0, LONGEST_TAG);
    return head === idTag ? standIn(idTag) : standIn(head) + standIn(idTag).slice(LONGEST_TAG);
  };

  function standIn(idTag: string): string {
    const tag = comparable(idTag.replace(BESIDE, ""));
    if (tag === "") return idTag;
    const signs = [...idTag];
    const count = signs.filter((sign) => SIGN.test(sign)).length;
    const length = Math.min(Math.max(count, LEAST_LETTERS), MOST_LETTERS);
    const digits = /^\d+$/.test(tag);
    const letters = lettersOf(`${digits ? "#" : ""}${tag}`, length, digits);
    return respell(signs, letters, count, digits);
  }

  function lettersOf(tag: string, length: number, digits: boolean): string {
    const known = remembered.get(tag);
    if (known !== undefined && known.length >= length) return known;
    let letters = "";
    for (let block = 0; letters.length < length; block++) {
      const bytes = createHmac("sha256", key).update(`${block} ${tag}`).digest();
      for (const byte of bytes) {
        // The first digit is no 0: a number would lose it.
        letters += digits ? 1 + byte % 9 : String.fromCharCode(0x41 + byte % 26);
      }
    }
    if (tag.length > MOST_LETTERS) return letters;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(tag, letters);
    return letters;
  }
}

/** Puts the letters where the signs of the tag were, in their case. */
function respell(
  signs: readonly string[],
  letters: string,
  count: number,
  digits: boolean,
): string {
  let used = 0;
  const more = letters.slice(count, Math.max(count, LEAST_LETTERS));
  let text = signs.map((sign) => {
    if (!SIGN.test(sign)) return sign;
    const letter = letters[used++ % letters.length]!;
    const lower = !digits && sign !== sign.toUpperCase();
    return (lower ? letter.toLowerCase() : letter) + (used === count ? more : "");
  }).join("");
  if (count === 0) text = more + text;
  return text;
}
