// Runs one command line in this process and keeps what it says.

import { runProgram } from "../../src/cli/app.ts";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

export async function ocppProxy(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Said> {
  let out = "";
  let error = "";
  const code = await runProgram(words, {
    out(text) {
      out += text;
      return true;
    },
    error(sentence) {
      error += `${sentence}\n`;
    },
    colour: false,
    environment: {
      get: (name) => Object.hasOwn(environment, name) ? environment[name] : undefined,
    },
  });
  return { code, out, error };
}
