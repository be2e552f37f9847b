// Where `simulate` finds a scenario: among those of the program, else in a file.

import { readTextFile } from "../config/read_text_file.ts";
import { type LoadedScenario, parseScenario } from "../simulate/load_scenario.ts";
import { SCENARIOS } from "../simulate/scenario_list.ts";

/** A line for each scenario of the program: its name, and what happens in it. */
export function scenarioLines(): string[] {
  const width = Math.max(...[...SCENARIOS.keys()].map((name) => name.length));
  return [...SCENARIOS].map(([name, text]) => {
    const loaded = parseScenario(text, name);
    return `${name.padEnd(width)}  ${loaded.ok ? loaded.scenario.about : ""}`;
  });
}

/** The scenario of this name, or in this file. */
export function loadScenario(
  nameOrFile: string,
  readFile: (path: string) => string = readTextFile,
): LoadedScenario {
  const shipped = SCENARIOS.get(nameOrFile);
  if (shipped !== undefined) return parseScenario(shipped, nameOrFile);
  let text: string;
  try {
    text = readFile(nameOrFile);
  } catch (error) {
    const known = [...SCENARIOS.keys()].join(", ");
    const message = error instanceof Deno.errors.NotFound
      ? `there is no such file, and no scenario of this name; there are ${known}`
      : "the scenario cannot be read";
    return { ok: false, problems: [{ severity: "error", file: nameOrFile, path: [], message }] };
  }
  return parseScenario(text, nameOrFile);
}
