// The command `simulate`: a virtual charger, and backends that dial in, at a proxy that runs.

import { dialInBackend, type SimulatedBackend } from "../simulate/backend.ts";
import { VirtualCharger } from "../simulate/charger.ts";
import { Narrator } from "../simulate/narrator.ts";
import { carFor, playSessions, summary, waitFor } from "../simulate/play.ts";
import type { CommandContext } from "./context.ts";
import type { SimulateFlags } from "./flags.ts";

/** How long the proxy may take to answer, wall-clock milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long the end waits for messages that are still to be delivered, wall-clock milliseconds. */
const DELIVERY_TIMEOUT_MS = 10_000;

/** Plays the sessions asked for, 0: until it is interrupted; exit code 1 without a connection. */
export async function simulate(
  flags: SimulateFlags,
  context: CommandContext,
  connectTimeoutMs: number = CONNECT_TIMEOUT_MS,
): Promise<number> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  const backends = (flags.backend ?? []).map(nameAndToken);
  const narrator = new Narrator({
    out: (text) => {
      // Nobody reads any more: what would follow is of no use to anybody.
      if (!context.out(text)) interrupt();
    },
    colour: context.colour,
    now: () => charger.clock.now(),
    nameWidth: Math.max(flags.id.length, ...backends.map(({ name }) => name.length)),
  });
  let reason = "";
  const charger = new VirtualCharger({
    url: flags.url,
    id: flags.id,
    ...(flags.password === undefined ? {} : { password: flags.password }),
    connectors: flags.connectors,
    speed: flags.speed,
    settings: { MeterValueSampleInterval: String(flags.intervalS) },
    report: (text) => {
      if (text.startsWith("no connection")) reason = text;
      narrator.say(flags.id, text);
    },
  });
  const playing: SimulatedBackend[] = [];
  Deno.addSignalListener("SIGINT", interrupt);
  try {
    charger.start();
    const { signal } = interrupted;
    const settled = () => charger.registration.accepted || reason.includes("HTTP 4");
    await waitFor(settled, connectTimeoutMs, signal);
    if (!charger.registration.accepted) {
      if (signal.aborted) return 0;
      context.error(`ocpp-proxy: ${whyNot(charger, flags.url, reason)}`);
      return 1;
    }
    for (const [index, { name, token }] of backends.entries()) {
      playing.push(dialInBackend({
        url: new URL("/backend", flags.url).href,
        id: name,
        ...(token === undefined ? {} : { token }),
        firstTransactionId: (index + 1) * 1_000,
        report: (text) => narrator.say(name, text),
      }));
    }
    await play(charger, flags, signal);
    for (const connector of charger.connectors) connector.stop("Local");
    await waitFor(
      () => charger.queue.length === 0,
      DELIVERY_TIMEOUT_MS,
      new AbortController().signal,
    );
    const undelivered = charger.queue.length;
    narrator.say(
      flags.id,
      summary(charger.sessions) + (undelivered > 0 ? `, ${undelivered} messages undelivered` : ""),
    );
    return 0;
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
    await Promise.all([charger.stop(), ...playing.map((backend) => backend.close())]);
  }
}

async function play(
  charger: VirtualCharger,
  flags: SimulateFlags,
  signal: AbortSignal,
): Promise<void> {
  const { idTag, powerW, sessions } = flags;
  if (sessions > 0) {
    await playSessions(charger, { idTag, powerW, sessions, signal });
    return;
  }
  for (const { id } of charger.connectors) charger.plugIn(id, carFor(powerW));
  charger.report("waiting for a remote start; end it with Ctrl-C");
  await waitFor(() => false, Infinity, signal);
}

/** Why there is no registered charger after ten seconds, and what to do about it. */
function whyNot(charger: VirtualCharger, url: string, reason: string): string {
  if (charger.connected) return `${url} does not accept the charger's BootNotification`;
  if (reason.includes("HTTP 401")) return `${url} wants another password: give it with --password`;
  const why = reason.replace("no connection: ", "") || `no answer from ${url}`;
  return `${why}; start the proxy with "ocpp-proxy serve", or say where it is with --url`;
}

function nameAndToken(text: string): { name: string; token: string | undefined } {
  const colon = text.indexOf(":");
  if (colon < 0) return { name: text, token: undefined };
  return { name: text.slice(0, colon), token: text.slice(colon + 1) };
}
