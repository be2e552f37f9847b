// The command `simulate`: a virtual charger at any central system, and backends that dial in.

import { problemText } from "../config/problem.ts";
import { quirkLines } from "../simulate/quirk_list.ts";
import { dialInBackend, type SimulatedBackend } from "../simulate/backend.ts";
import { VirtualCharger } from "../simulate/charger.ts";
import { Narrator } from "../simulate/narrator.ts";
import { carFor, playSessions, summary, waitFor } from "../simulate/play.ts";
import { playScenario } from "../simulate/play_scenario.ts";
import { startOf } from "../simulate/scenario.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE } from "./exit_code.ts";
import type { SimulateFlags } from "./flags.ts";
import { adviceFor, isFinal } from "./simulate_advice.ts";
import { scenarioLines } from "./simulate_scenario.ts";
import { castOf, type CastPlan } from "./simulate_cast.ts";

/** How long the central system may take to answer, wall-clock milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long the end waits for messages that are still to be delivered, wall-clock milliseconds. */
const DELIVERY_TIMEOUT_MS = 10_000;
/** What ends the play early, and tidily. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Plays what was asked for; exit code 1 without a connection or with a wrong file, 2 for a name. */
export async function simulate(
  flags: SimulateFlags,
  context: CommandContext,
  connectTimeoutMs: number = CONNECT_TIMEOUT_MS,
): Promise<number> {
  const wanted = flags.quirk?.includes("list")
    ? quirkLines()
    : flags.scenario === "list"
    ? scenarioLines()
    : undefined;
  if (wanted) {
    context.out(`${wanted.join("\n")}\n`);
    return EXIT_DONE;
  }
  const plan = castOf(flags);
  if (plan.ok) return await play(plan, flags, context, connectTimeoutMs);
  for (const problem of plan.problems) context.error(problemText(problem));
  if (plan.usage !== undefined) context.error(`ocpp-proxy: ${plan.usage}`);
  return plan.usage === undefined ? EXIT_FAILED : EXIT_USAGE;
}

async function play(
  plan: CastPlan,
  flags: SimulateFlags,
  context: CommandContext,
  connectTimeoutMs: number,
): Promise<number> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  const { signal } = interrupted;
  const narrator = new Narrator({
    out: (text) => {
      // Nobody reads any more: what would follow is of no use to anybody.
      if (!context.out(text)) interrupt();
    },
    colour: context.colour,
    now: () => charger.clock.now(),
    nameWidth: Math.max(flags.id.length, ...plan.backends.map(({ id }) => id.length)),
  });
  const startAt = plan.scenario && startOf(plan.scenario, Date.now());
  const charger = new VirtualCharger({
    ...plan.charger,
    ...(startAt === undefined ? {} : { startAt }),
    report: (text) => narrator.say(flags.id, text),
  });
  const backends = new Map<string, SimulatedBackend>();
  for (const name of SIGNALS) Deno.addSignalListener(name, interrupt);
  const stopListening = () => {
    for (const name of SIGNALS) Deno.removeSignalListener(name, interrupt);
  };
  try {
    charger.start();
    const settled = () => charger.registration.accepted || isFinal(charger.dialFailure ?? "");
    // What is refused at first may be let in later, where the handshake varies.
    const patient = plan.charger.quirks.some(({ dial }) => dial);
    const ready = () => patient ? charger.registration.accepted : settled();
    await waitFor(ready, connectTimeoutMs, signal);
    if (!charger.registration.accepted) {
      if (signal.aborted) return EXIT_DONE;
      context.error(`ocpp-proxy: ${whyNot(charger, flags.url)}`);
      return EXIT_FAILED;
    }
    for (const [index, { id, token, behaves }] of plan.backends.entries()) {
      backends.set(
        id,
        dialInBackend({
          url: new URL("/backend", flags.url).href,
          id,
          ...(token === undefined ? {} : { token }),
          behaves,
          firstTransactionId: (index + 1) * 1_000,
          report: (text) => narrator.say(id, text),
        }),
      );
    }
    if (plan.scenario) {
      const say = (who: string, text: string) => narrator.say(who || flags.id, text);
      await playScenario(plan.scenario, { charger, backends, say, signal });
    } else {
      await playFlags(charger, flags, signal);
    }
    // From here on a second Ctrl-C ends it at once.
    stopListening();
    await wrapUp(charger, (text) => narrator.say(flags.id, text));
    return EXIT_DONE;
  } finally {
    stopListening();
    await Promise.all([charger.stop(), ...[...backends.values()].map((one) => one.close())]);
  }
}

async function playFlags(
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

/** Ends what still runs, waits for it to be told, and sums up. */
async function wrapUp(charger: VirtualCharger, say: (text: string) => void): Promise<void> {
  for (const connector of charger.connectors) connector.stop("Local");
  await waitFor(
    () => charger.queue.length === 0,
    DELIVERY_TIMEOUT_MS,
    new AbortController().signal,
  );
  const undelivered = charger.queue.length;
  say(summary(charger.sessions) + (undelivered > 0 ? `, ${undelivered} messages undelivered` : ""));
}

/** Why there is no registered charger, and what to do about it. */
function whyNot({ connected, dialFailure }: VirtualCharger, url: string): string {
  if (connected) return `${url} does not accept the charger's BootNotification`;
  return `${dialFailure ?? `no answer from ${url}`}; ${adviceFor(dialFailure ?? "")}`;
}
