// The command `simulate`: flags, help, the file behind it.

import { buildCommand, type Command } from "@stricli/core";
import { exitsWith, type ProgramContext } from "./command.ts";
import type { SimulateFlags } from "./flags.ts";
import { positiveNumber, urlOf, wholeNumber, words } from "./parse_flag.ts";

/** An id tag, as long as OCPP lets it be. */
export function idTag(text: string): string {
  if (text.length > 20) throw new RangeError("expected at most 20 characters");
  return words(text);
}

/** The names that begin with what was typed. */
function proposed(names: () => Promise<readonly string[]>) {
  return async (typed: string) => {
    return ["list", ...await names()].filter((name) => name.startsWith(typed));
  };
}

// Loaded when asked for: the other commands start without the simulator.
const quirkNames = async () => (await import("../simulate/quirk_list.ts")).QUIRK_NAMES;
const scenarioNames = async () => [
  ...(await import("../simulate/scenario_list.ts")).SCENARIOS.keys(),
];

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
        parse: idTag,
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
        optional: true,
        brief: "How many times faster than real; default: the scenario's, else 60",
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
        placeholder: "name[:token][,behaviour]",
        brief:
          "A backend that dials in at the proxy; may be given several times. It behaves good, " +
          "slow, silent, rejects, failing, flapping, pending, wrong-ids, odd-transactions or garbage",
      },
      quirk: {
        kind: "parsed",
        parse: words,
        optional: true,
        variadic: true,
        placeholder: "name",
        brief: "What is odd about the charger: a quirk, or a brand for all of its own; may be " +
          "given several times; `list` shows them",
        proposeCompletions: proposed(quirkNames),
      },
      scenario: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "file",
        brief: "What happens, in place of sessions: a YAML file or a name; `list` shows the names",
        proposeCompletions: proposed(scenarioNames),
      },
      caFile: {
        kind: "parsed",
        parse: words,
        optional: true,
        placeholder: "file",
        brief: "Certificates (PEM) to trust for wss, in place of the system's",
      },
    },
  },
  docs: {
    brief: "Play a charger, and backends, to try the proxy with",
    fullDescription: "Plays a charger at any OCPP 1.6J central system (ws or wss, Basic " +
      "authentication, its identity at the end of the URL). Backends dial in at the proxy.",
    customUsage: [
      "",
      "--sessions 3 --speed 120",
      "--quirk huawei --quirk no-boot",
      "--scenario commute",
      "--backend evcc:secret,slow --backend utility",
    ],
  },
});
