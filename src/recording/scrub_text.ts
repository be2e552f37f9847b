// What must not stand in a recording, taken out of frames: id tags and secrets, in place.

import { comparable } from "../core/id_tag.ts";
import { replaceValues, type TextValue } from "./json_text.ts";
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

/** Without any of these there is nothing to take out. */
const SUSPICIOUS = /tag|token|key|passw|secret|location|"data"|@|\\u/i;

const TAG_KEYS: ReadonlySet<string> = new Set([
  "idtag",
  "parentidtag",
  "id_tag",
  "parent_id_tag",
  "idtoken",
  "id_token",
]);

const SECRET_KEYS: ReadonlySet<string> = new Set([
  "authorizationkey",
  "password",
  "passwd",
  "secret",
  "token",
]);

/** The names of configuration keys whose values nobody may see. */
const SECRET_NAME = /authorizationkey|passw|passphrase|secret|token|(?:^|[_.-])psk|apikey/i;

/** User name and password in a URL. */
const USER_INFO = /(:\/\/)[^/?#@\s]*@/g;

/** Whether the property of this name holds an id tag. */
export function isTagKey(key: string): boolean {
  return TAG_KEYS.has(key.toLowerCase());
}

/** Whether the property of this name holds a secret. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEYS.has(key.toLowerCase());
}

/** Whether the value of the configuration key of this name is a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** As long as the secret was, and nothing of it. */
export function masked(secret: string): string {
  return "*".repeat(secret.length);
}

/** A text without the user name and the password of URLs in it. */
export function withoutUserInfo(text: string): string {
  return text.includes("@") ? text.replace(USER_INFO, "$1") : text;
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
  if (pseudonym === undefined || text.length < 4 || text.length > MAX_TAG_LENGTH) return undefined;
  return known.has(comparable(text)) ? pseudonym(text) : undefined;
}

/** A frame, or any other JSON text, broken ones too, with stand-ins for tags and without secrets. */
export function scrubText(scrub: Scrub, text: string): string {
  if (!SUSPICIOUS.test(text)) return text;
  const secret = secretObjects(text);
  return replaceValues(text, (value) => scrubbed(scrub, value, secret));
}

function scrubbed(
  scrub: Scrub,
  { key, value, type, object }: TextValue,
  secret: ReadonlySet<number>,
): string | undefined {
  if (key === undefined) return undefined;
  if (isTagKey(key)) return tagOf(scrub, value);
  const hidden = isSecretKey(key) || (key.toLowerCase() === "value" && secret.has(object));
  if (hidden) return type === "text" ? masked(value) : "0";
  if (type === "number") return undefined;
  // What is called data can be another JSON text.
  if (/^\s*[{[]/.test(value)) return scrubText(scrub, value);
  return knownTag(scrub, value) ?? withoutUserInfo(value);
}

/** The objects that tell the value of a secret configuration key. */
function secretObjects(text: string): Set<number> {
  const objects = new Set<number>();
  if (!isSecretName(text) && !text.includes("\\u")) return objects;
  replaceValues(text, ({ key, value, object }) => {
    if (key?.toLowerCase() === "key" && isSecretName(value)) objects.add(object);
    return undefined;
  });
  return objects;
}
