// Who plays in `simulate`, by its flags and by the scenario: the charger, its quirks, the backends.

import { didYouMean } from "../config/nearest.ts";
import type { Problem } from "../config/problem.ts";
import { BEHAVIOUR_NAMES, isBehaviourName } from "../simulate/behaviour.ts";
import type { ChargerOptions } from "../simulate/charger_options.ts";
import type { Quirk } from "../simulate/quirk.ts";
import { QUIRK_NAMES, quirksNamed } from "../simulate/quirk_list.ts";
import type { Scenario, ScenarioBackend } from "../simulate/scenario.ts";
import type { SimulateFlags } from "./flags.ts";
import { loadScenario } from "./simulate_scenario.ts";

/** Everything that is settled before the first connection. */
export interface CastPlan {
  readonly scenario: Scenario | undefined;
  readonly charger: ChargerOptions & { readonly quirks: readonly Quirk[] };
  readonly backends: readonly ScenarioBackend[];
}

/** A plan, or what is wrong: with a file (`problems`), or with the command line (`usage`). */
export type CastOutcome =
  | { readonly ok: true } & CastPlan
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly usage?: string };

/** Simulated seconds in a real one, where neither the flag nor the scenario says it. */
const SPEED = 60;

/** Puts flags and scenario together; a flag wins over the scenario. */
export function castOf(flags: SimulateFlags): CastOutcome {
  const quirks = new Set<Quirk>();
  for (const name of flags.quirk ?? []) {
    const named = quirksNamed(name);
    if (named.length === 0) {
      const meant = didYouMean(name, QUIRK_NAMES) || "; `--quirk list` shows them all";
      return { ok: false, problems: [], usage: `there is no quirk '${name}'${meant}` };
    }
    for (const quirk of named) quirks.add(quirk);
  }
  const loaded = flags.scenario === undefined ? undefined : loadScenario(flags.scenario);
  if (loaded?.ok === false) return loaded;
  const scenario = loaded?.scenario;
  for (const quirk of scenario?.quirks ?? []) quirks.add(quirk);
  const backends = new Map((scenario?.backends ?? []).map((backend) => [backend.id, backend]));
  for (const written of flags.backend ?? []) {
    const backend = backendOf(written, backends);
    if (typeof backend === "string") return { ok: false, problems: [], usage: backend };
    backends.set(backend.id, backend);
  }
  let ca: string | undefined;
  try {
    if (flags.caFile !== undefined) ca = Deno.readTextFileSync(flags.caFile);
  } catch {
    const message = "the certificates cannot be read";
    return {
      ok: false,
      problems: [{ severity: "error", file: flags.caFile ?? "", path: [], message }],
    };
  }
  const charger = {
    url: flags.url,
    id: flags.id,
    ...(flags.password === undefined ? {} : { password: flags.password }),
    ...(ca === undefined ? {} : { ca }),
    connectors: Math.max(flags.connectors, scenario?.connectors ?? 1),
    speed: flags.speed ?? scenario?.speed ?? SPEED,
    settings: { MeterValueSampleInterval: String(flags.intervalS), ...scenario?.settings },
    quirks: [...quirks],
  };
  return { ok: true, scenario, charger, backends: [...backends.values()] };
}

/** `name[:token][,behaviour]`; a sentence where that is not what was written. */
function backendOf(
  written: string,
  known: ReadonlyMap<string, ScenarioBackend>,
): ScenarioBackend | string {
  const [, id = "", token, behaves] = /^([^:,]+)(?::(.*?))?(?:,([^,]*))?$/s.exec(written) ?? [];
  if (id === "") return `expected name[:token][,behaviour], found '${written}'`;
  const scripted = known.get(id);
  if (behaves === undefined) {
    return { id, token: token ?? scripted?.token, behaves: scripted?.behaves ?? "good" };
  }
  if (isBehaviourName(behaves)) return { id, token: token ?? scripted?.token, behaves };
  const meant = didYouMean(behaves, BEHAVIOUR_NAMES) || `; there are ${BEHAVIOUR_NAMES.join(", ")}`;
  return `no backend behaves '${behaves}'${meant}`;
}
