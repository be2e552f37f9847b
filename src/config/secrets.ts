// Values from elsewhere: `${NAME}` from the environment, `password_file` and `token_file`.

import { dirname } from "node:path";
import type { Report, Tree, TreeMap } from "./document.ts";
import { type Path, pathText } from "./problem.ts";

/** Keys whose value is never shown, and may stand in a file named by `<key>_file`. */
export const SECRET_KEYS: readonly string[] = ["password", "token"];

const VARIABLE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$\{/g;

/** Replaces every `${NAME}`; `$${` stands for `${`. A value that fails stays as it was written. */
export function withEnvironment(
  tree: Tree,
  read: (name: string) => string | undefined,
  report: Report,
  path: Path = [],
): Tree {
  if (Array.isArray(tree)) {
    return tree.map((item, index) => withEnvironment(item, read, report, [...path, index]));
  }
  if (typeof tree === "object") {
    const map: TreeMap = Object.create(null);
    for (const [key, value] of Object.entries(tree)) {
      map[key] = withEnvironment(value, read, report, [...path, key]);
    }
    return map;
  }
  return tree.replace(VARIABLE, (found, name?: string) => {
    if (found === "$${") return "${";
    if (name === undefined) {
      report(path, "`${` begins no variable; expected ${NAME}, or $${ for the text itself");
      return found;
    }
    const value = variable(name, read);
    if (value === undefined) report(path, `the environment has no variable ${name}`);
    return value ?? found;
  });
}

function variable(
  name: string,
  read: (name: string) => string | undefined,
): string | undefined {
  try {
    return read(name);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return undefined;
    throw error;
  }
}

/**
 * Reads secrets: a name without folders is a credential that systemd gives to the service, else in
 * `secrets` beside the configuration, where the command line finds the same; else as it stands.
 */
export function secretReader(
  readFile: (path: string) => string,
  environment: { get(name: string): string | undefined },
  source: string | undefined,
): (path: string) => string {
  return (path) => {
    const credentials = path.includes("/") ? undefined : environment.get("CREDENTIALS_DIRECTORY");
    const folders = path.includes("/") ? [] : [
      ...credentials ? [`${credentials}/`, `${credentials}/secrets_`] : [],
      `${source === undefined ? "." : dirname(source)}/secrets/`,
    ];
    for (const folder of folders) {
      try {
        return readFile(`${folder}${path}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return readFile(path);
  };
}

/** Puts what `password_file` and `token_file` contain in the place of `password` and `token`. */
export function withSecretFiles(
  map: TreeMap,
  readFile: (path: string) => string,
  report: Report,
  path: Path = [],
): TreeMap {
  const result: TreeMap = Object.create(null);
  for (const [key, value] of Object.entries(map)) {
    const keyPath = [...path, key];
    const secret = SECRET_KEYS.find((name) => key === `${name}_file`);
    if (secret === undefined) {
      result[key] = inside(value, keyPath);
    } else if (typeof value !== "string") {
      report(keyPath, "expected the path of a file");
    } else if (secret in map) {
      report(keyPath, `'${secret}' is there too; expected only one of them`);
    } else {
      // A secret that cannot be had is reported once, not as missing or repeated as well.
      result[secret] = secretFrom(value, keyPath) ?? pathText(keyPath);
    }
  }
  return result;

  function inside(value: Tree, valuePath: Path): Tree {
    if (Array.isArray(value)) {
      return value.map((item, index) => inside(item, [...valuePath, index]));
    }
    return typeof value === "object" ? withSecretFiles(value, readFile, report, valuePath) : value;
  }

  function secretFrom(file: string, keyPath: Path): string | undefined {
    let text: string;
    try {
      text = readFile(file);
    } catch (error) {
      report(keyPath, `'${file}' cannot be read (${readFailure(error)})`);
      return undefined;
    }
    const secret = text.replace(/\r?\n$/, "");
    if (secret === "") report(keyPath, `'${file}' is empty; expected the secret and nothing else`);
    return secret === "" ? undefined : secret;
  }
}

/** Why a file cannot be read, without its path. */
export function readFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotCapable) {
    return "the program may only use files in and below the folder in which it is started";
  }
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder";
  return error instanceof Error ? error.name : "for an unknown reason";
}
