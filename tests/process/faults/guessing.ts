// Passwords and transaction ids that are guessed: hardly any is looked at, none works.

import { startProgram } from "../../support/program.ts";
import { Attack } from "../support/attack.ts";
import { quantile, TimedCharger } from "../support/timed_charger.ts";
import { type Outcome, peakMemory } from "./outcome.ts";

export interface Guessing {
  readonly script?: string;
  readonly guesses: number;
}

const P99_MS = 50;
const EVALUATED = 100;

/** Wrong passwords from one address while the charger, from the same, is served. */
export async function guessPasswords({ script, guesses }: Guessing): Promise<Outcome> {
  const program = await startProgram({
    script,
    config: "charger: { id: CP1, password: secret }\nlog: { level: warning }",
  });
  try {
    const charger = await TimedCharger.connect(program.chargerUrl, "CP1", "secret");
    const { port } = program;
    const path = "/charger/CP1";
    const attack = new Attack("passwords", { port, path, addresses: 1, count: guesses });
    await charger.begin();
    const took: number[] = [];
    while (!attack.ended) took.push(...await charger.measure(100));
    const { statuses } = await attack.report();
    charger.cut();
    return {
      injected: `${guesses} passwords`,
      figures: [
        { name: "looked at", value: statuses["401"] ?? 0, most: EVALUATED },
        { name: "let in", value: statuses["101"] ?? 0, most: 0 },
        { name: "unanswered", value: guesses - (statuses["401"] ?? 0) - (statuses["429"] ?? 0) },
        { name: "charger's p99", value: p99(took), unit: "ms", most: P99_MS },
        { name: "lines in the log", value: program.stderr.split("\n").length - 1, most: 10 },
        await peakMemory(program.pid),
      ],
    };
  } finally {
    await program.close();
  }
}

/** A backend without control asks to stop every transaction that there could be. */
export async function guessTransactionIds({ script, guesses }: Guessing): Promise<Outcome> {
  const program = await startProgram({
    script,
    config: `
charger: { id: CP1 }
log: { level: error }
backends:
  - { id: first, token: o, role: controller, priority: 9 }
  - { id: foe, token: f, role: controller }
id_tags: [{ tag: CARD, backend: first }]
`,
  });
  try {
    const charger = await TimedCharger.connect(program.chargerUrl, "CP1");
    await charger.begin();
    const { port } = program;
    const attack = new Attack("transactionIds", {
      port,
      id: "foe",
      token: "f",
      count: guesses,
      trueId: charger.transactionId,
    });
    const took: number[] = [];
    while (!attack.ended) took.push(...await charger.measure(100));
    const { answers, tookMs } = await attack.report();
    const decisions = await (await fetch(`${program.httpUrl}/api/v1/decisions?limit=1000`)).json();
    charger.cut();
    return {
      injected: `${guesses} transaction ids in ${Math.round(tookMs / 1_000)} s`,
      figures: [
        {
          name: "reached the charger",
          value: charger.asked.filter((action) => action === "RemoteStopTransaction").length,
          most: 0,
        },
        { name: "not refused", value: guesses - (answers.Rejected ?? 0), most: 0 },
        { name: "decisions noted", value: decisions.decisions.length, most: 100 },
        { name: "charger's p99", value: p99(took), unit: "ms", most: P99_MS },
        await peakMemory(program.pid),
      ],
    };
  } finally {
    await program.close();
  }
}

function p99(took: number[]): number {
  return quantile(took.sort((a, b) => a - b), 0.99);
}
