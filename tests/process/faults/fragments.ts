// Messages in fragments without an end: refused at once, and they cost no memory.

import { startProgram } from "../../support/program.ts";
import { Attack } from "../support/attack.ts";
import { memoryOf } from "../support/resident_memory.ts";
import { TimedCharger } from "../support/timed_charger.ts";
import type { Outcome } from "./outcome.ts";

export interface Fragments {
  readonly script?: string;
  readonly mebibytes: number;
  /** Of so many, the median of what each costs counts; half as many go before. */
  readonly times: number;
}

const COST_MIB = 2;

/** As the charger, which is never banned; after each one it connects as it should. */
export async function sendFragments(
  { script, mebibytes, times }: Fragments,
): Promise<Outcome> {
  const program = await startProgram({
    script,
    config: "charger: { id: CP1 }\nlog: { level: error }",
  });
  try {
    const { port } = program;
    const send = async (count: number) =>
      await new Attack("fragments", { port, path: "/charger/CP1", mebibytes, times: count })
        .report();
    // Code that is compiled and a heap that finds its size are no cost of the attack.
    await send(Math.ceil(times / 2));
    const grownMiB: number[] = [];
    const codes: unknown[] = [];
    let takenMiB = 0;
    let serving = 0;
    for (let time = 0; time < times; time++) {
      const before = (await memoryOf(program.pid)).residentMiB;
      const report = await send(1);
      grownMiB.push((await memoryOf(program.pid)).residentMiB - before);
      codes.push(...report.codes);
      takenMiB = Math.max(takenMiB, report.takenMiB);
      const charger = await TimedCharger.connect(program.chargerUrl, "CP1");
      serving = Math.max(serving, (await charger.call("Heartbeat")).tookMs);
      charger.cut();
    }
    return {
      injected: `${times} messages of ${mebibytes} MiB in fragments`,
      figures: [
        {
          name: "memory each",
          value: grownMiB.sort((a, b) => a - b)[Math.floor(times / 2)]!,
          unit: "MiB",
          most: COST_MIB,
        },
        { name: "taken of one", value: takenMiB, unit: "MiB", most: 30 },
        {
          name: "not closed with 1009",
          value: codes.filter((code) => code !== 1009).length,
          most: 0,
        },
        { name: "charger answered after it", value: serving, unit: "ms", most: 1_000 },
      ],
    };
  } finally {
    await program.close();
  }
}
