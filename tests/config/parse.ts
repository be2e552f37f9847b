// Reads a configuration text without a file, with a given environment and given files.

import type { Configuration } from "../../src/config/configuration.ts";
import { type Loaded, parseConfiguration } from "../../src/config/load.ts";
import { problemText } from "../../src/config/problem.ts";

export interface World {
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

export function load(text: string, { environment = {}, files = {} }: World = {}): Loaded {
  return parseConfiguration(
    text,
    "c.yaml",
    { get: (name) => Object.hasOwn(environment, name) ? environment[name] : undefined },
    (path) => {
      const content = files[path];
      if (content === undefined) throw new Deno.errors.NotFound(path);
      return content;
    },
  );
}

/** All problems and warnings, as they are printed. */
export function problems(text: string, world?: World): string[] {
  return load(text, world).problems.map(problemText);
}

/** The configuration of a text that is right. */
export function configuration(text: string, world?: World): Configuration {
  const loaded = load(text, world);
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join("\n"));
  return loaded.configuration;
}
