// The command `simulate`: flags, help, the file behind it.

import { buildCommand, type Command } from "@stricli/core";
import { exitsWith, type ProgramContext } from "./command.ts";
import type { SimulateFlags } from "./flags.ts";
import { positiveNumber, urlOf, wholeNumber, words } from "./parse_flag.ts";

export const simulateCommand: Command<ProgramContext> = buildCommand<
  SimulateFlags,
  [],
  ProgramContext
>({
  loader: exitsWith(async () => (await import("./simulate.ts")).simulate),
  parameters: {
    flags: {
      url: {
        kind: "parsed",
        parse: urlOf("ws:", "wss:"),
        default: "ws://127.0.0.1:9000/charger",
        brief: "Where the charger connects to",
      },
      id: { kind: "parsed", parse: words, default: "SIM001", brief: "The charger's identity" },
      password: { kind: "parsed", parse: words, optional: true, brief: "The charger's password" },
      connectors: {
        kind: "parsed",
        parse: wholeNumber(1, 16),
        default: "1",
        brief: "How many connectors it has",
      },
      idTag: {
        kind: "parsed",
        parse: words,
        default: "04A2B3C4D5",
        brief: "The RFID tag that is shown to it",
      },
      powerW: {
        kind: "parsed",
        parse: wholeNumber(100, 350_000),
        default: "11000",
        brief: "What the car takes at most",
      },
      intervalS: {
        kind: "parsed",
        parse: wholeNumber(1, 3600),
        default: "60",
        brief: "Time between two meter values, in the charger's time",
      },
      speed: {
        kind: "parsed",
        parse: positiveNumber(3600),
        default: "60",
        brief: "How many times faster than real",
      },
      sessions: {
        kind: "parsed",
        parse: wholeNumber(0, 1000),
        default: "1",
        brief: "How many sessions to play; 0: until it is interrupted",
      },
      backend: {
        kind: "parsed",
        parse: words,
        optional: true,
        variadic: true,
        placeholder: "name[:token]",
        brief: "A backend that dials in; may be given several times",
      },
    },
  },
  docs: {
    brief: "Play a charger, and backends, to try the proxy with",
    customUsage: ["", "--sessions 3 --speed 120", "--backend evcc:secret --backend utility"],
  },
});
