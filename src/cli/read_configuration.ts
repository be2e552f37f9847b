// The configuration that a command goes by.

import type { Configuration } from "../config/configuration.ts";
import { loadConfiguration } from "../config/load.ts";
import { problemText } from "../config/problem.ts";
import type { CommandContext } from "./context.ts";

/**
 * Reads the file, or the one that is found; what is wrong with it goes to standard error, and
 * undefined is returned. `warnings`: what is only odd about it is told as well.
 */
export function readConfiguration(
  file: string | undefined,
  context: CommandContext,
  { warnings = false } = {},
): Configuration | undefined {
  const loaded = loadConfiguration(file, context.environment);
  if (!loaded.ok || warnings) {
    for (const problem of loaded.problems) context.error(problemText(problem));
  }
  return loaded.ok ? loaded.configuration : undefined;
}
