// The command `status`: what charger, control and backends are at now, once or for as long as asked.

import type { Configuration } from "../config/configuration.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit_code.ts";
import type { StatusFlags } from "./flags.ts";
import { readConfiguration } from "./read_configuration.ts";
import { findStatus, type Source } from "./status_source.ts";
import { statusText } from "./status_text.ts";

/** Between two looks with `--watch`, ms. */
const WATCH_MS = 1_000;

/** Cursor home, and everything from there on cleared. */
const CLEAR_SCREEN = "\x1b[H\x1b[2J";

/** 0: shown, or watched until SIGINT; 1: neither a server nor a database told. */
export async function status(flags: StatusFlags, context: CommandContext): Promise<number> {
  const configuration = readConfiguration(flags.config, context);
  if (configuration === undefined) return EXIT_FAILED;
  if (flags.watch) return await watch(flags, context, configuration);
  const source = await findStatus(flags, configuration);
  if (source.type === "failed") {
    context.error(`ocpp-proxy: ${source.reason}`);
    return EXIT_FAILED;
  }
  context.out(shown(source, flags, configuration));
  return EXIT_DONE;
}

/** Shows each change until SIGINT, or until nobody reads any more. A failure may pass. */
async function watch(
  flags: StatusFlags,
  context: CommandContext,
  configuration: Configuration,
): Promise<number> {
  const { interrupted, ignore } = onInterrupt();
  let last: string | undefined;
  try {
    while (true) {
      const source = await Promise.race([interrupted, findStatus(flags, configuration)]);
      if (source === undefined) return EXIT_DONE;
      const text = source.type === "failed"
        ? `ocpp-proxy: ${source.reason}\n`
        : shown(source, flags, configuration);
      if (text !== last && !redraw(text, source, last === undefined)) return EXIT_DONE;
      last = text;
      await pause(interrupted);
    }
  } finally {
    ignore();
  }

  function redraw(text: string, { type }: Source, first: boolean): boolean {
    if (context.colour && !flags.json) return context.out(CLEAR_SCREEN + text);
    if (type === "failed") {
      context.error(text.trimEnd());
      return true;
    }
    return context.out(first || flags.json ? text : `\n${text}`);
  }
}

function shown(
  source: Source & { type: "report" },
  flags: StatusFlags,
  { core: { timeZone } }: Configuration,
): string {
  const { running, report, view } = source;
  if (!flags.json) return statusText(view, running, timeZone);
  const document = { running, ...report as Record<string, unknown> };
  return `${printable(JSON.stringify(document, null, flags.watch ? 0 : 2))}\n`;
}

/** JSON as it was, without characters that a terminal obeys: JSON.stringify leaves some. */
function printable(json: string): string {
  return json.replaceAll(
    /[\u007f-\u009f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

/** `interrupted` resolves with undefined at the first SIGINT; a second one ends the process. */
function onInterrupt(): { readonly interrupted: Promise<undefined>; ignore(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const ignore = () => Deno.removeSignalListener("SIGINT", listener);
  const listener = () => {
    ignore();
    resolve(undefined);
  };
  Deno.addSignalListener("SIGINT", listener);
  return { interrupted: promise, ignore };
}

async function pause(interrupted: Promise<undefined>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((resolve) => timer = setTimeout(resolve, WATCH_MS));
  await Promise.race([passed, interrupted]);
  clearTimeout(timer);
}
