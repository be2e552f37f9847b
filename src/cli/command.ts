// What the declarations of commands have in common.

import type { CommandContext as StricliContext, StricliProcess } from "@stricli/core";
import type { CommandContext } from "./context.ts";
import { words } from "./parse_flag.ts";

/** What the commands get as `this`: the argument parser's view of the process, and ours. */
export interface ProgramContext extends StricliContext {
  readonly process: StricliProcess;
  readonly command: CommandContext;
}

/** A command: reads its flags and words, does it, returns its exit code. */
type Run<Flags, Words extends readonly unknown[]> = (
  flags: Flags,
  context: CommandContext,
  ...words: Words
) => Promise<number>;

/** Adapts a command that returns its exit code. */
export function exitsWith<Flags, Words extends readonly unknown[] = []>(
  load: () => Promise<Run<Flags, Words>>,
) {
  return async () => {
    const runCommand = await load();
    return async function (this: ProgramContext, flags: Flags, ...words: Words): Promise<void> {
      this.process.exitCode = await runCommand(flags, this.command, ...words);
    };
  };
}

/** `--config`, the same for every command that has it. */
export const config = {
  kind: "parsed",
  parse: words,
  optional: true,
  placeholder: "file",
  brief:
    "Configuration file (YAML or JSON). Without it: ./config.yaml if there is one, else defaults",
} as const;
