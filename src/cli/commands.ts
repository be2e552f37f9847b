// The commands `serve`, `status`, `check` and `completions`: flags, help, the file behind them.

import { buildCommand, type Command } from "@stricli/core";
import { config, exitsWith, type ProgramContext } from "./command.ts";
import type { Shell } from "./completions.ts";
import type { CheckFlags, ServeFlags, StatusFlags } from "./flags.ts";
import { urlOf, wholeNumber, words } from "./parse_flag.ts";

export const serveCommand: Command<ProgramContext> = buildCommand<ServeFlags, [], ProgramContext>({
  loader: exitsWith(async () => (await import("./serve.ts")).serve),
  parameters: {
    flags: {
      config,
      logLevel: {
        kind: "enum",
        values: ["debug", "info", "warning", "error"],
        optional: true,
        brief: "How much to log; wins over the configuration",
      },
      host: {
        kind: "parsed",
        parse: words,
        optional: true,
        brief: "Address to listen on; wins over the configuration",
      },
      port: {
        kind: "parsed",
        parse: wholeNumber(0, 65535),
        optional: true,
        brief: "Port to listen on, 0 for a free one; wins over the configuration",
      },
      record: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "file",
        brief: "Write down everything that happens, for 'replay'; wins over the configuration",
      },
      raw: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Record id tags as they are; else stand-ins for them",
      },
    },
    aliases: { c: "config" },
  },
  docs: {
    brief: "Run the proxy",
    fullDescription: "Runs the proxy until SIGINT or SIGTERM, and prints the URL to give to the " +
      "charger. SIGHUP reads the configuration again; a wrong one changes nothing.",
    customUsage: ["", "--config config.yaml"],
  },
});

export const statusCommand: Command<ProgramContext> = buildCommand<
  StatusFlags,
  [],
  ProgramContext
>({
  loader: exitsWith(async () => (await import("./status.ts")).status),
  parameters: {
    flags: {
      watch: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Stay, and show it anew whenever it changes",
      },
      json: { kind: "boolean", default: false, withNegated: false, brief: "JSON" },
      url: {
        kind: "parsed",
        parse: urlOf("http:", "https:"),
        optional: true,
        brief: "The server to ask; else the one of this configuration",
      },
      token: {
        kind: "parsed",
        parse: words,
        optional: true,
        brief: "REST token, for a server on another machine",
      },
      config,
    },
    aliases: { c: "config", w: "watch" },
  },
  docs: {
    brief: "Show charger, control, backends and decisions",
    fullDescription: "Asks the running server; when none runs, reads its database.",
  },
});

export const checkCommand: Command<ProgramContext> = buildCommand<
  CheckFlags,
  [],
  ProgramContext
>({
  loader: exitsWith(async () => (await import("./check.ts")).check),
  parameters: { flags: { config }, aliases: { c: "config" } },
  docs: {
    brief: "Check the configuration",
    fullDescription: "Names every problem with file, line and column (exit code 1), or says what " +
      "the configuration means.",
    customUsage: ["--config config.yaml"],
  },
});

export const completionsCommand: Command<ProgramContext> = buildCommand<
  Record<never, never>,
  [Shell],
  ProgramContext
>({
  loader: async () => {
    const { completionScript } = await import("./completions.ts");
    return function (this: ProgramContext, _flags, shell) {
      this.command.out(completionScript(shell));
    };
  },
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{
        parse(text) {
          if (text !== "bash" && text !== "zsh" && text !== "fish") {
            throw new TypeError("expected bash, zsh or fish");
          }
          return text;
        },
        proposeCompletions: () => ["bash", "zsh", "fish"],
        placeholder: "shell",
        brief: "bash, zsh or fish",
      }],
    },
  },
  docs: { brief: "Print a script that completes commands and flags in a shell" },
});
