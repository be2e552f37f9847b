// Reads the Dockerfile of this project: stages and instructions, continuation lines, ARG values.

/** One instruction, with variables of ARG put in. */
export interface Instruction {
  /** In capitals. */
  readonly name: string;
  /** What follows the name. */
  readonly text: string;
  /** The text, by words; quotes are taken off. */
  readonly words: readonly string[];
}

export interface Stage {
  readonly name: string;
  /** An image, or the name of a stage before. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** The stages in their order; `given` are build arguments. Throws where a line is no instruction. */
export function readDockerfile(file: string, given: Readonly<Record<string, string>>): Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  const known: Record<string, string> = { ...given };
  const lines = file.replaceAll(/^\s*#.*\n/gm, "").replaceAll(/\\\n\s*/g, "").split("\n");
  for (const line of lines.filter((one) => one.trim() !== "")) {
    const [, name, written] = /^([A-Z]+)\s+(.+)$/.exec(line) ?? [];
    if (name === undefined || written === undefined) throw new SyntaxError(`no step: ${line}`);
    const text = name === "RUN" ? written : written.replaceAll(
      /\$\{(\w+)\}|\$(\w+)/g,
      (found, braced, bare) => known[braced ?? bare] ?? found,
    );
    const words = (text.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) =>
      word.replaceAll('"', "")
    );
    if (name === "ARG") {
      const [key, value = ""] = text.split("=") as [string, string?];
      known[key] ??= value;
    }
    if (name === "FROM") {
      const [from, , stage] = words.filter((word) => !word.startsWith("--"));
      if (from === undefined) throw new SyntaxError(`no image: ${line}`);
      stages.push({ name: stage ?? "", from, instructions: [] });
    } else {
      stages.at(-1)?.instructions.push({ name, text, words });
    }
  }
  return stages;
}
