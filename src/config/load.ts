// Finds the configuration file, reads it, and says everything that is wrong with it at once.

import * as v from "valibot";
import { buildConfiguration } from "./build.ts";
import { checkTogether } from "./checks.ts";
import type { Configuration } from "./configuration.ts";
import { readDocument, type Report, type Tree } from "./document.ts";
import { checkHome, followsHomeAssistant, homeParts } from "./home.ts";
import { expectedAt, reportUnknownKeys } from "./known_keys.ts";
import { isLegacy, legacyWarnings, sharesByDefault, withoutEmptyTexts } from "./legacy.ts";
import { type Path, pathText, type Place, type Problem } from "./problem.ts";
import { readTextFile } from "./read_text_file.ts";
import { checkRules } from "./rule_checks.ts";
import { SCHEMA } from "./schema.ts";
import {
  readFailure,
  SECRET_KEYS,
  secretReader,
  withEnvironment,
  withSecretFiles,
} from "./secrets.ts";
import { checkTags } from "./tag_checks.ts";
import { checkTariffs } from "./tariff_checks.ts";

/** The environment variables, by name. */
export interface Environment {
  get(name: string): string | undefined;
}

/** Reads a text file; throws what Deno throws. */
export type ReadFile = (path: string) => string;

/** A configuration, or why there is none. */
export type Loaded =
  & {
    readonly source: string | undefined;
    /** Errors and warnings, in the order of the file; only warnings when `ok`. */
    readonly problems: readonly Problem[];
  }
  & (
    | { readonly ok: true; readonly configuration: Configuration }
    | { readonly ok: false; readonly configuration: undefined }
  );

/** Names a configuration file, where the command line does not. */
export const FILE_VARIABLE = "ADDON_CONFIG_FILE";

/** Says where data is kept, where the configuration does not: systemd and our image set it. */
export const DATA_VARIABLE = "STATE_DIRECTORY";

/**
 * Where a configuration file is looked for: here, of an installation, in the folder that a
 * container is given, then what Home Assistant makes of an app's options, and where the first
 * ocpp-proxy kept them.
 */
export const DEFAULT_FILES = [
  "config.yaml",
  "/etc/ocpp-proxy/config.yaml",
  "/config/config.yaml",
  "/data/options.json",
  "/data/options.yaml",
] as const;

/** Longest configuration file, in characters. */
export const MAX_FILE_LENGTH = 1024 * 1024;

/** Loads `path`, else ADDON_CONFIG_FILE, else the first of DEFAULT_FILES, else defaults only. */
export function loadConfiguration(
  path: string | undefined,
  environment: Environment,
  readFile: ReadFile = readTextFile,
): Loaded {
  const named = path ?? (environment.get(FILE_VARIABLE) || undefined);
  for (const file of named === undefined ? DEFAULT_FILES : [named]) {
    let text: string;
    try {
      text = readFile(file);
    } catch (error) {
      if (named === undefined && isNotThere(error)) continue;
      return failed(file, `the configuration cannot be read (${readFailure(error)})`);
    }
    if (text.length > MAX_FILE_LENGTH) {
      return failed(file, `the configuration is longer than ${MAX_FILE_LENGTH} characters`);
    }
    return parseConfiguration(text, file, environment, readFile);
  }
  return parseConfiguration("", undefined, environment, readFile);
}

/** Where this program may not even look, nobody has put a file for it. */
function isNotThere(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable;
}

function failed(file: string, message: string): Loaded {
  return {
    ok: false,
    source: file,
    configuration: undefined,
    problems: [{ severity: "error", file, path: [], message }],
  };
}

/** The configuration in a text; `source` names it in problems. */
export function parseConfiguration(
  text: string,
  source: string | undefined,
  environment: Environment,
  readFile: ReadFile = readTextFile,
): Loaded {
  const problems: Problem[] = [];
  const broken = new Set<string>();
  const file = source ?? "(defaults)";
  let placeOf = (_path: Path): Place => ({ line: 1, column: 1 });
  const error: Report = (path, message, place = placeOf(path)) => {
    // A value is wrong once: what follows from it is no news.
    if (path.length > 0 && broken.has(pathText(path))) return;
    broken.add(pathText(path));
    problems.push({ severity: "error", file, place, path, message });
  };
  const warning: Report = (path, message, place = placeOf(path)) => {
    problems.push({ severity: "warning", file, place, path, message });
  };

  const document = readDocument(text, error);
  placeOf = (path) => document.placeOf(path);
  reportUnknownKeys(document, error);

  const resolved = withEnvironment(document.root, (name) => environment.get(name), error);
  const root = withoutEmptyTexts(
    withSecretFiles(
      resolved as typeof document.root,
      secretReader(readFile, environment, source),
      error,
    ),
  );
  const dataDir = environment.get(DATA_VARIABLE);
  if (dataDir) root["data_dir"] ??= dataDir;
  const checked = v.safeParse(SCHEMA, root);
  for (const issue of checked.issues ?? []) {
    const path = (issue.path ?? []).map((item) => item.key as string | number);
    if (issue.type === "strict_object" && issue.expected === "never") continue;
    if (issue.type === "strict_object" && issue.expected !== "Object") {
      error(path, `is missing; expected ${expectedAt(path)}`, placeOf(path.slice(0, -1)));
    } else {
      error(path, `${shown(document.root, path)}expected ${issue.message}`);
    }
  }
  checkTogether(root, readFile, error, warning);
  checkHome(root, environment, error, warning);
  checkTags(root, error);
  checkRules({ root, document, error, warning });
  checkTariffs(root, error);
  if (isLegacy(root)) {
    const followed = followsHomeAssistant(root, environment);
    for (const { key, message } of legacyWarnings(root, followed)) warning([key], message);
    if (!("backends" in root || "allow_unknown_backends" in root)) warning([], UNLISTED);
  }

  problems.sort((a, b) => order(a) - order(b));
  if (!checked.success || problems.some(({ severity }) => severity === "error")) {
    return { ok: false, source, configuration: undefined, problems };
  }
  const home = homeParts(checked.output, environment);
  const configuration = buildConfiguration(checked.output, source, sharesByDefault(root), home);
  return { ok: true, source, configuration, problems };
}

const UNLISTED = "a file of the first ocpp-proxy, to which any backend could dial in; here only " +
  "those listed under 'backends', each with a token, or any with allow_unknown_backends: true";

function order({ place }: Problem): number {
  return place === undefined ? 0 : place.line * 100_000 + place.column;
}

/** `found "…"; `, unless it is a secret, may contain one, or is too long to be of help. */
function shown(root: Tree, path: Path): string {
  let tree: Tree | undefined = root;
  for (const key of path) {
    if (SECRET_KEYS.some((name) => String(key).startsWith(name)) || key === "url") return "";
    tree = typeof tree === "object" ? (tree as Record<string | number, Tree>)[key] : undefined;
  }
  if (typeof tree !== "string" || tree.includes("${") || tree.length > 60) return "";
  return `found "${tree}"; `;
}
