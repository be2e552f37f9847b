// The command `replay`: flags, help, the file behind it.

import { buildCommand, type Command } from "@stricli/core";
import { config, exitsWith, type ProgramContext } from "./command.ts";
import type { ReplayFlags } from "./flags.ts";
import { positiveNumber, urlOf, words } from "./parse_flag.ts";

export const replayCommand: Command<ProgramContext> = buildCommand<
  ReplayFlags,
  [string],
  ProgramContext
>({
  loader: exitsWith(async () => (await import("./replay.ts")).replay),
  parameters: {
    flags: {
      config: {
        ...config,
        brief: "Decide by this configuration: what would it have done?",
      },
      expect: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "file",
        brief: "Compare frames and decisions with this file, show the first difference (exit 3)",
      },
      update: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Write that file: the one of --expect, else <recording>.expected.jsonl",
      },
      trace: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "file",
        brief: "Write all frames as Open OCPP Trace 1.1",
      },
      explain: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "time",
        brief: "Tell why it was decided so at 14:03, 14:03:20 or 2026-01-31T14:03",
      },
      quiet: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Show nothing but a difference",
      },
      to: {
        kind: "parsed",
        parse: urlOf("ws:", "wss:"),
        optional: true,
        placeholder: "url",
        brief: "Play the charger's side at this central system; the identity is added",
      },
      password: {
        kind: "parsed",
        parse: words,
        optional: true,
        brief: "The charger's password there",
      },
      speed: {
        kind: "parsed",
        parse: positiveNumber(10_000),
        optional: true,
        brief: "With --to: how many times faster than recorded; default: 1",
      },
    },
    aliases: { c: "config", q: "quiet" },
    positional: {
      kind: "tuple",
      parameters: [{ placeholder: "recording", brief: "The file", parse: words }],
    },
  },
  docs: {
    brief: "Play a recording once more: what everybody saw, and why it was decided so",
    fullDescription:
      "Plays a file that 'serve --record' wrote, an Open OCPP Trace, or a log with times and " +
      "frames to the same core, in virtual time and without a socket.",
    customUsage: [
      "recording.jsonl",
      "recording.jsonl --explain 14:03",
      "recording.jsonl --config new.yaml",
      "recording.jsonl --to ws://127.0.0.1:9000/charger --speed 60",
    ],
  },
});
