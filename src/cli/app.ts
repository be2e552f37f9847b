// The program: finds the command, runs it, and turns whatever happens into an exit code.

import {
  ArgumentScannerError,
  buildApplication,
  buildRouteMap,
  ExitCode,
  formatMessageForArgumentScannerError,
  proposeCompletions,
  run,
  text_en,
} from "@stricli/core";
import metadata from "../../deno.json" with { type: "json" };
import { readFailure } from "../config/secrets.ts";
import type { ProgramContext } from "./command.ts";
import { checkCommand, completionsCommand, serveCommand, statusCommand } from "./commands.ts";
import { COMPLETE } from "./completions.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from "./exit_code.ts";
import { exportCommand } from "./export_command.ts";
import { overrideCommands } from "./override_commands.ts";
import { replayCommand } from "./replay_command.ts";
import { simulateCommand } from "./simulate_command.ts";
import { messageOf } from "../io/thrown.ts";

const application = buildApplication<ProgramContext>(
  buildRouteMap({
    routes: {
      serve: serveCommand,
      status: statusCommand,
      override: overrideCommands,
      export: exportCommand,
      replay: replayCommand,
      check: checkCommand,
      simulate: simulateCommand,
      completions: completionsCommand,
    },
    docs: {
      brief: "Lets several backends share one OCPP 1.6J charger; the homeowner stays in control.",
    },
  }),
  {
    name: "ocpp-proxy",
    versionInfo: { currentVersion: metadata.version },
    scanner: { caseStyle: "allow-kebab-for-camel" },
    documentation: { disableAnsiColor: true, onlyRequiredInUsageLine: true },
    localization: {
      text: {
        ...text_en,
        noCommandRegisteredForInput: ({ input, corrections }) =>
          `ocpp-proxy: there is no command '${input}'${
            corrections.length > 0 ? `; did you mean ${corrections.join(" or ")}?` : ""
          }`,
        exceptionWhileParsingArguments: (error) => `ocpp-proxy: ${usage(error)}`,
        exceptionWhileLoadingCommandFunction: (error) => `ocpp-proxy: ${sentence(error)}`,
        exceptionWhileRunningCommand: (error) => `ocpp-proxy: ${sentence(error)}`,
      },
    },
  },
);

/** What is wrong with an argument: `limit "x": expected a number`. */
function usage(error: unknown): string {
  if (!(error instanceof ArgumentScannerError)) return sentence(error);
  return formatMessageForArgumentScannerError(error, {
    ArgumentParseError: ({ externalFlagNameOrPlaceholder, input, exception }) =>
      `${externalFlagNameOrPlaceholder} ${JSON.stringify(input)}: ${sentence(exception)}`,
  });
}

function sentence(error: unknown): string {
  const text = messageOf(error);
  // Deno's advice is a flag that a compiled program does not have.
  const [, place] = /^Requires \w+ access to (.+?), run again/.exec(text) ?? [];
  if (error instanceof Deno.errors.NotCapable && place !== undefined) {
    return `${place}: ${readFailure(error)}`;
  }
  return text.replaceAll(/\s*\n\s*/g, " ");
}

/** Runs one command line and returns its exit code; never throws. */
export async function runProgram(
  words: readonly string[],
  context: CommandContext,
): Promise<number> {
  const environment = new Proxy<Record<string, string>>({}, {
    get: (_, name) => typeof name === "string" ? context.environment.get(name) : undefined,
  });
  const process: ProgramContext["process"] = {
    stdout: { write: (text) => void context.out(text) },
    stderr: { write: (text) => context.error(text.replace(/\n$/, "")) },
    env: environment,
  };
  const programContext: ProgramContext = { process, command: context };
  if (words[0] === COMPLETE) {
    const proposed = await proposeCompletions(application, words.slice(1), programContext);
    context.out(proposed.map(({ completion }) => `${completion}\n`).join(""));
    return EXIT_DONE;
  }
  await run(application, words.length === 0 ? ["--help"] : words, programContext);
  return exitCode(process.exitCode);
}

function exitCode(code: number | string | null | undefined): number {
  switch (code) {
    case ExitCode.UnknownCommand:
    case ExitCode.InvalidArgument:
      return EXIT_USAGE;
    default:
      return typeof code === "number" && code >= 0 ? code : EXIT_FAILED;
  }
}
