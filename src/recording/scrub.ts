// The same for events, the configuration, and what the core begins with.

import type { CoreConfiguration } from "../core/configuration.ts";
import type { Event } from "../core/event.ts";
import { comparable } from "../core/id_tag.ts";
import { knownTag, type Scrub, tagOf } from "./known_tag.ts";
import {
  isSecretKey,
  isSecretName,
  isTagKey,
  masked,
  scrubText,
  withoutSecrets,
  withoutUrlSecrets,
} from "./scrub_text.ts";

/** An event as it may stand in a recording. */
export function scrubEvent(scrub: Scrub, event: Event): Event {
  switch (event.type) {
    case "charger_frame":
    case "backend_frame": {
      const text = scrubText(scrub, event.text);
      return text === event.text ? event : { ...event, text };
    }
    case "tick":
    case "stored":
    case "started":
      return event;
    default:
      return scrubValue(scrub, event);
  }
}

/** A copy of a value, of the same shape and with the same objects shared, without what is hidden. */
export function scrubValue<Value>(scrub: Scrub, value: Value): Value {
  return new Copy(scrub).of(value, "") as Value;
}

/** Learns the tags of the household's table, so that they are found wherever they stand. */
export function learnTags(scrub: Scrub, { idTags }: CoreConfiguration): void {
  for (const { tag, sendAs } of idTags) {
    for (const known of [tag, ...sendAs?.values() ?? []]) tagOf(scrub, known);
  }
}

/** Properties whose names, or the keys of whose map, are tags in their comparable form. */
const BY_TAG: ReadonlySet<string> = new Set(["authorized_by", "authorizedBy", "tagGrants"]);

class Copy {
  readonly #scrub: Scrub;
  readonly #made = new Map<object, object>();

  constructor(scrub: Scrub) {
    this.#scrub = scrub;
  }

  /** `key`: the property that the value is, or the key in its map. */
  of(value: unknown, key: string): unknown {
    if (typeof value === "string") return this.#text(value, key);
    if (typeof value !== "object" || value === null) return value;
    const made = this.#made.get(value);
    if (made !== undefined) return made;
    if (Array.isArray(value)) {
      const list: unknown[] = [];
      this.#made.set(value, list);
      for (const item of value) list.push(this.of(item, key));
      return list;
    }
    if (value instanceof Set) {
      const set = new Set();
      this.#made.set(value, set);
      for (const item of value) set.add(this.of(item, key));
      return set;
    }
    if (value instanceof Map) {
      const map = new Map();
      this.#made.set(value, map);
      for (const [name, item] of value) {
        const itemKey = key === "sendAs" ? "idTag" : String(name);
        map.set(this.#name(name, key), this.of(item, itemKey));
      }
      return map;
    }
    return this.#object(value as Record<string, unknown>, key);
  }

  #object(value: Record<string, unknown>, key: string): object {
    const copy: Record<string, unknown> = {};
    this.#made.set(value, copy);
    const secret = typeof value.key === "string" && isSecretName(value.key);
    for (const [name, item] of Object.entries(value)) {
      const hidden = typeof item === "string" && (
        isSecretKey(name) || (secret && name === "value") ||
        (key.startsWith("virtual") && isSecretName(name))
      );
      Object.defineProperty(copy, String(this.#name(name, key)), {
        value: hidden ? masked(item) : this.of(item, name),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return copy;
  }

  #name(name: unknown, key: string): unknown {
    const { pseudonym } = this.#scrub;
    if (typeof name !== "string" || pseudonym === undefined) return name;
    if (BY_TAG.has(key)) return comparable(tagOf(this.#scrub, name));
    return key === "sessionsByKey" ? this.#startKey(name) : name;
  }

  #text(text: string, key: string): string {
    const scrub = this.#scrub;
    if (isTagKey(key) || key === "tag") return tagOf(scrub, text);
    switch (key) {
      case "startKey":
        return this.#startKey(text);
      case "raw":
        return scrubText(scrub, text);
      case "when":
        return condition(scrub, text);
      case "url":
        return withoutUrlSecrets(text);
      default:
        return knownTag(scrub, text) ?? words(scrub, text);
    }
  }

  /** What identifies a start: connector, tag in lower case, meter, time. */
  #startKey(text: string): string {
    if (this.#scrub.pseudonym === undefined) return text;
    const parts = listIn(text);
    // A fact of the house may be called so, too.
    if (parts === undefined) return knownTag(this.#scrub, text) ?? words(this.#scrub, text);
    const [connectorId, idTag, ...rest] = parts;
    return JSON.stringify([connectorId, tagOf(this.#scrub, String(idTag)).toLowerCase(), ...rest]);
  }
}

/** A text of several words; one word may name something, and has to stay the same everywhere. */
function words(scrub: Scrub, text: string): string {
  return /\s/.test(text) ? withoutSecrets(scrub, text) : withoutUrlSecrets(text);
}

function listIn(text: string): unknown[] | undefined {
  try {
    const list = JSON.parse(text);
    return Array.isArray(list) ? list : undefined;
  } catch {
    return undefined;
  }
}

/** What `id_tag` is compared with, in a rule. */
const COMPARED =
  /id_tag\s*(?:==|!=|in)\s*(?:\[[^\]]*\]|"[^"]*"|'[^']*')|(?:"[^"]*"|'[^']*')\s*(?:==|!=)\s*id_tag/g;

const LITERAL = /(["'])((?:(?!\1)[^\\])*)\1/g;

/** A rule's expression: tags that stand in it whole. */
function condition(scrub: Scrub, when: string): string {
  if (scrub.pseudonym === undefined) return when;
  const literals = (text: string, change: (tag: string) => string) =>
    text.replace(LITERAL, (_, quote, tag) => `${quote}${change(tag)}${quote}`);
  const compared = when.replace(COMPARED, (part) => literals(part, (tag) => tagOf(scrub, tag)));
  return compared === when
    ? literals(when, (text) => knownTag(scrub, text) ?? words(scrub, text))
    : compared;
}
