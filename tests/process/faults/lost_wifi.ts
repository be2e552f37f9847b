// A charger whose connection vanishes without a word and that comes back, and one that only says it is.

import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { clientFrame, RawClient } from "../../io/raw_client.ts";
import { startProgram } from "../../support/program.ts";
import type { Outcome } from "./outcome.ts";

export interface LostWifi {
  readonly script?: string;
  readonly losses: number;
}

/** From the new connection's first byte to its first answer, ms. */
const ANSWERS_MS = 2_100;
const HEARTBEAT = '[2,"h","Heartbeat",{}]';
const HEADERS = [
  "Sec-WebSocket-Protocol: ocpp1.6",
  `Authorization: Basic ${btoa("CP1:secret")}`,
];

/** Each time the old connection stays open and silent, and ends long after the new one is there. */
export async function loseWifi({ script, losses }: LostWifi): Promise<Outcome> {
  const program = await startProgram({
    ...script !== undefined && { script },
    config: "charger: { id: CP1, password: secret }\nlog: { level: error }",
  });
  const port = Number(new URL(program.httpUrl).port);
  const took: number[] = [];
  let displaced = 0;
  let old = await RawClient.upgrade(port, "/charger/CP1", HEADERS);
  try {
    for (let loss = 0; loss < losses; loss++) {
      for (const password of [undefined, "guess"]) {
        assert.ok([401, 429].includes(await intrude(`${program.chargerUrl}/CP1`, password)));
      }
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
    return {
      injected: `${losses} losses of the connection, ${2 * losses} intruders`,
      figures: [
        {
          name: "new connection answered, longest",
          value: took.length === losses ? Math.max(...took) : Infinity,
          unit: "ms",
          most: ANSWERS_MS,
        },
        { name: "displaced by who lacks the password", value: displaced, most: 0 },
      ],
    };
  } finally {
    old[Symbol.dispose]();
    await program.close();
  }
}

/** How somebody at another address is answered who says that he is the charger. */
function intrude(url: string, password: string | undefined): Promise<number> {
  const headers: Record<string, string> = {};
  if (password !== undefined) headers.authorization = `Basic ${btoa(`CP1:${password}`)}`;
  const socket = new WebSocket(url, "ocpp1.6", { localAddress: "127.0.0.2", headers });
  return new Promise((resolve) => {
    socket.on("error", () => {});
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
  });
}
