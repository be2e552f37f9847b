// What must not stand in a recording, taken out of frames: id tags and secrets, in place.

import { replaceValues, type TextValue } from "./json_text.ts";
import { knownTag, mayHoldKnownTag, type Scrub, tagOf, withoutKnownTags } from "./known_tag.ts";

/** Without any of these there is nothing to take out; `tag` alone is in every Voltage. */
const SUSPICIOUS = /id_?tag|token|key|passw|secret|"data"|[@?#]|\\u/i;

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

/** Where a URL may be. */
const NO_SPACE = /[^\s"'<>]+/g;

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

/** A text without the user names, passwords, queries and fragments of URLs in it. */
export function withoutUrlSecrets(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(NO_SPACE, (part) => {
    const begin = part.indexOf("://");
    if (begin < 0) return part;
    const end = part.slice(begin).search(/[?#]/);
    return (end < 0 ? part : part.slice(0, begin + end)).replace(USER_INFO, "$1");
  });
}

/** A text that is no tag: without what URLs tell beside the place, and without known tags. */
export function withoutSecrets(scrub: Scrub, text: string): string {
  return withoutKnownTags(scrub, withoutUrlSecrets(text));
}

/** A frame, or any other JSON text, broken ones too, with stand-ins for tags and without secrets. */
export function scrubText(scrub: Scrub, text: string): string {
  if (!SUSPICIOUS.test(text) && !mayHoldKnownTag(scrub, text)) return text;
  const secret = secretObjects(text);
  return replaceValues(text, (value) => scrubbed(scrub, value, secret));
}

function scrubbed(
  scrub: Scrub,
  { key, value, type, object }: TextValue,
  secret: ReadonlySet<number>,
): string | undefined {
  // The id of a message stays: by it, an answer finds its question.
  if (key === undefined && object === 0 && !/\s/.test(value)) return undefined;
  if (key === undefined) return type === "text" ? withoutSecrets(scrub, value) : undefined;
  if (isTagKey(key)) return tagOf(scrub, value);
  const hidden = isSecretKey(key) || (key.toLowerCase() === "value" && secret.has(object));
  if (hidden) return type === "text" ? masked(value) : "0";
  if (type === "number") return undefined;
  // What is called data can be another JSON text.
  if (/^\s*[{[]/.test(value)) return scrubText(scrub, value);
  return knownTag(scrub, value) ?? withoutSecrets(scrub, value);
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
