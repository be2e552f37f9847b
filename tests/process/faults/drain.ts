// SIGTERM in the middle of a charger's messages: what was stored is answered, and it ends soon.

import { WebSocket } from "ws";
import { Program } from "../../support/program.ts";
import { until } from "../../support/until.ts";
import { query } from "../support/ledger.ts";
import type { Random } from "../support/random.ts";
import type { Outcome } from "./outcome.ts";

export interface Drain {
  readonly script?: string;
  readonly random: Random;
  readonly stops: number;
}

/** MeterValues that are sent at once. */
const BURST = 200;
const STOP_MS = 2_000;

/** Each time another session, in which the program is stopped after some of the answers. */
export async function drain({ script, random, stops }: Drain): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "ocpp-proxy-test-" });
  const program = new Program(folder, {
    script,
    config: "charger: { id: CP1 }\nlog: { level: error }",
  });
  let acknowledged = 0;
  let badEnds = 0;
  let wrongCodes = 0;
  let longestMs = 0;
  try {
    for (let stop = 0; stop < stops; stop++) {
      await program.start();
      const { answers, closed } = await sendBurst(program, stop);
      const enough = random.between(5, BURST / 2);
      await until(() => answers.size > enough, 10_000, "the first answers");
      const begun = performance.now();
      if ((await program.kill("SIGTERM")).code !== 0) badEnds++;
      longestMs = Math.max(longestMs, performance.now() - begun);
      if (await closed !== 1001) wrongCodes++;
      acknowledged += answers.size;
    }
    // Sessions that another one replaces are ended by the proxy itself.
    const [row] = query(
      `${program.dataDir}/ocpp-proxy.db`,
      "SELECT count(*) AS count FROM log WHERE action <> 'StopTransaction'",
    );
    const stored = Number(row?.count);
    return {
      injected: `SIGTERM ${stops} times with ${BURST} messages under way`,
      acknowledged,
      lost: Math.max(0, acknowledged - stored),
      figures: [
        { name: "stored, unanswered", value: stored - acknowledged, most: 0 },
        { name: "end, longest", value: longestMs, unit: "ms", most: STOP_MS },
        { name: "ends with another code", value: badEnds, most: 0 },
        { name: "connections not closed with 1001", value: wrongCodes, most: 0 },
      ],
    };
  } finally {
    await program.close();
  }
}

/** A session with the first of its MeterValues, all sent without waiting for answers. */
async function sendBurst(
  program: Program,
  round: number,
): Promise<{ answers: Set<string>; closed: Promise<number> }> {
  const socket = new WebSocket(`${program.chargerUrl}/CP1`, "ocpp1.6");
  const closed = new Promise<number>((resolve) => socket.once("close", resolve));
  await new Promise((resolve) => socket.once("open", resolve));
  const answers = new Set<string>();
  const timestamp = new Date().toISOString();
  const meterStart = 1_000 + round * 1_000;
  const send = (id: string, action: string, payload: unknown) =>
    socket.send(JSON.stringify([2, id, action, payload]));
  const transactionId = await new Promise((resolve) => {
    socket.on("message", (data) => {
      const [type, id, payload] = JSON.parse(String(data));
      if (type !== 3) return;
      answers.add(id);
      if (id === "start") resolve(payload.transactionId);
    });
    send("start", "StartTransaction", { connectorId: 1, idTag: "TAG", meterStart, timestamp });
  });
  for (let number = 1; number <= BURST; number++) {
    const sampledValue = [{ value: String(meterStart + number), unit: "Wh" }];
    const meterValue = [{ timestamp, sampledValue }];
    send(`m${number}`, "MeterValues", { connectorId: 1, transactionId, meterValue });
  }
  return { answers, closed };
}
