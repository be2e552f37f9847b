// Plays a scenario at a virtual charger and its backends, step by step, in the charger's own time.

import type { SimulatedBackend } from "./backend.ts";
import type { VirtualCharger } from "./charger.ts";
import { CallFailed } from "./peer.ts";
import { waitFor } from "./play.ts";
import { type Act, dueAt, type Scenario } from "./scenario.ts";
import { requestOf } from "./scenario_request.ts";
import { Vehicle } from "./vehicle.ts";

/** Everybody who takes part. */
export interface Cast {
  readonly charger: VirtualCharger;
  readonly backends: ReadonlyMap<string, SimulatedBackend>;
  /** Tells what somebody does. */
  readonly say: (who: string, text: string) => void;
  /** Ends the play early. */
  readonly signal: AbortSignal;
}

/** Plays all steps, each when it is due; returns how many were played. */
export async function playScenario(scenario: Scenario, cast: Cast): Promise<number> {
  const { charger, signal } = cast;
  let due = charger.clock.now();
  for (const [index, step] of scenario.steps.entries()) {
    due = dueAt(step, due, scenario.timeZone);
    if (!await waitFor(() => charger.clock.now() >= due, Infinity, signal)) return index;
    await act(step.act, cast);
  }
  return scenario.steps.length;
}

async function act(step: Act, { charger, backends, say }: Cast): Promise<void> {
  switch (step.type) {
    case "plug":
      charger.plugIn(step.connector, new Vehicle(step.car));
      return;
    case "unplug":
      charger.unplug(step.connector);
      return;
    case "tag":
      await charger.presentTag(step.connector, step.idTag);
      return;
    case "network":
      charger.report(`the network is ${step.to}`);
      if (step.to === "offline") await charger.goOffline();
      else if (step.to === "online") charger.goOnline();
      else charger.dropConnection();
      return;
    case "restart":
      charger.restart(step.kind);
      return;
    case "fault":
      charger.connector(step.connector).fail(step.code);
      return;
    case "repair":
      charger.report(`connector ${step.connector}: repaired`);
      charger.connector(step.connector).repair();
      return;
    case "meter":
      charger.connector(step.connector).jumpMeter(step.byWh);
      return;
    case "behave":
      say(step.backend, `behaves: ${step.name}`);
      backends.get(step.backend)?.behave(step.name);
      return;
    case "send":
      await send(step, backends.get(step.backend), charger.clock.now(), say);
      return;
    case "say":
      say("", step.text);
      return;
  }
}

async function send(
  { backend: id, action, payload }: Extract<Act, { type: "send" }>,
  backend: SimulatedBackend | undefined,
  now: number,
  say: Cast["say"],
): Promise<void> {
  if (!backend) return;
  const transaction = Number(backend.system.transactions.at(-1)?.id ?? 0);
  const request = requestOf(action, payload, { transaction, now });
  try {
    // The scenario was checked when it was loaded: this is a request of this action.
    const answer = await backend.call(action, request as never);
    const status = "status" in answer ? String(answer.status) : "answered";
    say(id, `${action}: ${status}`);
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    say(id, error.message);
  }
}
