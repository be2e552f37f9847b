// A charger whose connection vanishes without a word and that comes back, and one that only says it is.

import { clientFrame, RawClient } from "../../io/raw_client.ts";
import { startProgram } from "../../support/program.ts";
import { Attack } from "../support/attack.ts";
import type { Outcome } from "./outcome.ts";

export interface LostWifi {
  readonly script?: string;
  readonly losses: number;
}

/** From the new connection's first byte to its first answer, ms. */
const ANSWERS_MS = 2_100;
/** For each loss, who try to come in the charger's place, from another address. */
const INTRUDERS = 50;
const HEARTBEAT = '[2,"h","Heartbeat",{}]';
const HEADERS = [
  "Sec-WebSocket-Protocol: ocpp1.6",
  `Authorization: Basic ${btoa("CP1:secret")}`,
];

/** Each time the old connection stays open and silent, and ends long after the new one is there. */
export async function loseWifi({ script, losses }: LostWifi): Promise<Outcome> {
  const program = await startProgram({
    script,
    config: "charger: { id: CP1, password: secret }\nlog: { level: error }",
  });
  const { port } = program;
  const took: number[] = [];
  let displaced = 0;
  const count = INTRUDERS * losses;
  const intruders = new Attack("passwords", { port, path: "/charger/CP1", addresses: 1, count });
  let old = await RawClient.upgrade(port, "/charger/CP1", HEADERS);
  try {
    for (let loss = 0; loss < losses; loss++) {
      await old.write(clientFrame(1, HEARTBEAT));
      if (!(await old.message()).startsWith('[3,"h"')) displaced++;
      // From here on nothing of the old one is read or written.
      const begun = performance.now();
      const next = await RawClient.upgrade(port, "/charger/CP1", HEADERS);
      await next.write(clientFrame(1, HEARTBEAT));
      if ((await next.message()).startsWith('[3,"h"')) took.push(performance.now() - begun);
      old[Symbol.dispose]();
      old = next;
    }
    const { statuses } = await intruders.report();
    await old.write(clientFrame(1, HEARTBEAT));
    if (!(await old.message()).startsWith('[3,"h"')) displaced++;
    return {
      injected: `${losses} losses of the connection, ${count} intruders`,
      figures: [
        {
          name: "new connection answered, longest",
          value: took.length === losses ? Math.max(...took) : Infinity,
          unit: "ms",
          most: ANSWERS_MS,
        },
        { name: "displaced", value: displaced, most: 0 },
        { name: "intruders let in", value: statuses["101"] ?? 0, most: 0 },
      ],
    };
  } finally {
    await intruders.stop();
    old[Symbol.dispose]();
    await program.close();
  }
}
