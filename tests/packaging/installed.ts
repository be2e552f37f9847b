// The program as an installation has it: the bundle with its own rights, beside Deno, started elsewhere.

import { dirname } from "node:path";

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** The bundle as a command in `folder`, with no environment but what a service has. */
export function installed(
  script: string,
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Deno.Command {
  return new Deno.Command(script, {
    args: [...args],
    cwd: folder,
    clearEnv: true,
    env: {
      PATH: `${dirname(Deno.execPath())}:/usr/bin:/bin`,
      NO_COLOR: "1",
      ...environment,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command to its end. */
export async function say(command: Deno.Command): Promise<Said> {
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), error: decoder.decode(stderr) };
}
