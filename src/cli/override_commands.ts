// The commands `override …`: one for each thing that the owner can say; flags, help.

import { buildCommand, buildRouteMap, type Command, type RouteMap } from "@stricli/core";
import { config, exitsWith, type ProgramContext } from "./command.ts";
import type { OverrideFlags } from "./flags.ts";
import type { Said } from "./override.ts";
import { durationS, urlOf, wholeNumber, words } from "./parse_flag.ts";

/** The highest number that a request gets. */
const MAX_NUMBER = 999_999_999;

/** As `charger.max_current_a`. */
const MAX_LIMIT_A = 80;

const server = {
  url: {
    kind: "parsed",
    parse: urlOf("http:", "https:"),
    optional: true,
    brief: "The server to tell; else the one of this configuration",
  },
  token: {
    kind: "parsed",
    parse: words,
    optional: true,
    brief: "REST token of the scope control, for a server on another machine",
  },
  config,
} as const;

const ending = {
  for: {
    kind: "parsed",
    parse: durationS,
    optional: true,
    placeholder: "duration",
    brief: "Ends by itself after 90s, 30m, 2h, 1d or 1h30m",
  },
  until: {
    kind: "parsed",
    parse: words,
    optional: true,
    placeholder: "time",
    brief: "Ends by itself at 18:00 (the next one), 2026-11-23T18:00, or a time with its offset",
  },
} as const;

/** The flags of what has no end of its own. */
type BareFlags = Omit<OverrideFlags, "for" | "until">;

const aliases = { c: "config" } as const;

/** Says it to the running proxy. */
function tell<Words extends readonly unknown[] = []>(said: (...words: Words) => Said) {
  return exitsWith<OverrideFlags, Words>(async () => {
    const { override } = await import("./override.ts");
    return (flags, context, ...words) => override(said(...words), flags, context);
  });
}

const auto: Command<ProgramContext> = buildCommand<BareFlags, [], ProgramContext>({
  loader: tell(() => ({ type: "mode", mode: "auto" })),
  parameters: { flags: server, aliases },
  docs: { brief: "Backends may take control again; the owner's limit is taken back too" },
});

function mode(name: "owner_only" | "paused", brief: string): Command<ProgramContext> {
  return buildCommand<OverrideFlags, [], ProgramContext>({
    loader: tell(() => ({ type: "mode", mode: name })),
    parameters: { flags: { ...server, ...ending }, aliases },
    docs: { brief },
  });
}

const give: Command<ProgramContext> = buildCommand<OverrideFlags, [string], ProgramContext>({
  loader: tell((backendId: string) => ({ type: "give", backendId })),
  parameters: {
    flags: { ...server, ...ending },
    aliases,
    positional: {
      kind: "tuple",
      parameters: [{ placeholder: "backend", brief: "Its id", parse: words }],
    },
  },
  docs: { brief: "One backend alone may take control", customUsage: ["evcc --for 2h"] },
});

const limit: Command<ProgramContext> = buildCommand<
  OverrideFlags,
  [number | "off"],
  ProgramContext
>({
  loader: tell((limitA: number | "off") => ({
    type: "limit",
    limitA: limitA === "off" ? null : limitA,
  })),
  parameters: {
    flags: { ...server, ...ending },
    aliases,
    positional: {
      kind: "tuple",
      parameters: [{ placeholder: "limit", brief: "A per phase, or off", parse: limitOrOff }],
    },
  },
  docs: { brief: "A limit for everybody", customUsage: ["10 --until 18:00", "off"] },
});

function answer(decision: "allow" | "deny", brief: string): Command<ProgramContext> {
  return buildCommand<BareFlags, [number], ProgramContext>({
    loader: tell((id: number) => ({ type: "answer", id, decision })),
    parameters: {
      flags: server,
      aliases,
      positional: {
        kind: "tuple",
        parameters: [{
          placeholder: "request",
          brief: "Its number, as 'status' shows it",
          parse: wholeNumber(1, MAX_NUMBER),
        }],
      },
    },
    docs: { brief, customUsage: ["3"] },
  });
}

/** `override auto`, `override give evcc --for 2h` … */
export const overrideCommands: RouteMap<ProgramContext> = buildRouteMap({
  routes: {
    auto,
    ownerOnly: mode("owner_only", "Sharing is off: no backend gets control"),
    pause: mode("paused", "Nobody charges"),
    give,
    limit,
    allow: answer("allow", "Says yes to a request"),
    deny: answer("deny", "Says no to a request"),
  },
  aliases: { paused: "pause" },
  docs: {
    brief: "The owner's word: who may charge, and how much",
    fullDescription: "Tells the running proxy, which remembers it over restarts.",
  },
});

function limitOrOff(text: string): number | "off" {
  if (text === "off") return text;
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value > MAX_LIMIT_A) {
    throw new RangeError(`expected a number of A from 0 to ${MAX_LIMIT_A}, or off`);
  }
  return value;
}
