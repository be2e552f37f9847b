// What a command may touch of the process that runs it.

import type { Environment } from "../config/load.ts";

/** Handed to every command; tests hand in their own. */
export interface CommandContext {
  /** Writes to standard output; false once nobody reads it any more. */
  out(text: string): boolean;
  /** Writes one line to standard error: a sentence for the person at the terminal. */
  error(sentence: string): void;
  /** Standard output is a terminal and nobody has set NO_COLOR. */
  readonly colour: boolean;
  readonly environment: Environment;
}

/** The context of the real process. */
export function processContext(): CommandContext {
  return {
    out: (text) => writeAll(Deno.stdout, text),
    error: (sentence) => void writeAll(Deno.stderr, `${sentence}\n`),
    colour: Deno.stdout.isTerminal() && !Deno.noColor,
    environment: { get: (name) => Deno.env.get(name) },
  };
}

const encoder = new TextEncoder();

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): boolean {
  const bytes = encoder.encode(text);
  try {
    for (let written = 0; written < bytes.length;) {
      written += stream.writeSync(bytes.subarray(written));
    }
    return true;
  } catch (error) {
    // `| head` closes the pipe when it has seen enough.
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}
