// What the first ocpp-proxy called things, and what it did where its file says nothing.

import * as v from "valibot";
import type { Tree, TreeMap } from "./document.ts";
import { backendId, choice, factName, flag, list, mapping, matching } from "./field.ts";

const anyText = v.optional(v.string("text"));

/** The first one took entities in any case. */
const entity = v.optional(v.pipe(v.string("the name of an entity"), v.toLowerCase(), factName()));

const service = mapping({
  id: backendId(),
  url: matching(/^wss?:\/\/[^/]/i, "a URL that begins with wss:// or ws://"),
  version: v.optional(
    matching(/^(?:ocpp)?1\.6j?$/i, "1.6, the only version of OCPP that is spoken here"),
    "1.6",
  ),
  auth_type: v.optional(choice(["none", "basic", "token"]), "none"),
  username: anyText,
  password: anyText,
  token: anyText,
  enabled: v.optional(flag(), "true"),
});

/** Keys of the first ocpp-proxy beyond those that have kept their name. */
export const LEGACY_ENTRIES = {
  disallowed_providers: v.optional(list(v.string("the id of a backend")), []),
  presence_sensor: entity,
  override_input_boolean: entity,
  ocpp_version: anyText,
  auto_detect_ocpp_version: v.optional(flag()),
  ocpp_services: v.optional(list(service), []),
};

/** One entry of `ocpp_services`. */
export type LegacyService = v.InferOutput<typeof service>;

/** Keys that mean the same in both. */
const SHARED: ReadonlySet<string> = new Set([
  "allow_shared_charging",
  "preferred_provider",
  "allowed_providers",
  "blocked_providers",
  "rate_limit_seconds",
]);

/** Without the empty texts of these keys: in the first one's forms they meant nothing was set. */
export function withoutEmptyTexts(root: TreeMap): TreeMap {
  const result: TreeMap = Object.create(null);
  for (const [key, value] of Object.entries(root)) {
    const legacy = SHARED.has(key) || Object.hasOwn(LEGACY_ENTRIES, key);
    if (!legacy) result[key] = value;
    else if (value !== "") result[key] = withoutEmpty(value);
  }
  return result;
}

function withoutEmpty(tree: Tree): Tree {
  if (typeof tree === "string") return tree;
  // Items of a list keep their places; whoever reads the list skips the empty ones.
  if (Array.isArray(tree)) return tree.map(withoutEmpty);
  const result: TreeMap = Object.create(null);
  for (const [key, value] of Object.entries(tree)) {
    if (value !== "") result[key] = withoutEmpty(value);
  }
  return result;
}

/** Whether a file was written for the first ocpp-proxy: its services, or nothing of ours. */
export function isLegacy(root: TreeMap): boolean {
  const keys = Object.keys(root);
  if (keys.includes("ocpp_services")) return true;
  return keys.length > 0 &&
    keys.every((key) => SHARED.has(key) || Object.hasOwn(LEGACY_ENTRIES, key));
}

/** The first one refused every second session unless told otherwise; ours shares. */
export function sharesByDefault(root: TreeMap): boolean {
  return !Object.hasOwn(root, "ocpp_services");
}

const NOT_FED =
  "Home Assistant is not configured; until something feeds it, it is unknown, and no " +
  "backend gets control";

/**
 * Things to know about a file of the first ocpp-proxy, by key; they stop nothing. `followed`: Home
 * Assistant is asked for its entities.
 */
export function legacyWarnings(
  root: TreeMap,
  followed: boolean,
): { key: string; message: string }[] {
  const warnings: { key: string; message: string }[] = [];
  const version = root["ocpp_version"];
  if (version !== undefined && !/^(?:ocpp)?1\.6j?$/i.test(String(version))) {
    warnings.push({ key: "ocpp_version", message: "has no effect: only OCPP 1.6 is spoken here" });
  }
  for (const key of ["presence_sensor", "override_input_boolean"]) {
    if (root[key] !== undefined && !followed) warnings.push({ key, message: NOT_FED });
  }
  return warnings;
}
