// A whole session that the charger sends once more: nothing new in the books, nothing for backends.

import { WebSocket } from "ws";
import { type Program, startProgram } from "../../support/program.ts";
import { pause, until } from "../../support/until.ts";
import { JsonListener } from "../support/json_listener.ts";
import { query } from "../support/ledger.ts";
import type { Outcome } from "./outcome.ts";

export interface ReplayedSession {
  readonly script?: string;
  /** MeterValues in the session. */
  readonly meters: number;
}

/** What would come to a backend has come after this, ms. */
const SETTLE_MS = 300;

/** On the same connection, on a new one, after SIGTERM and after kill -9. */
export async function replaySession(
  { script, meters }: ReplayedSession,
): Promise<Outcome> {
  const program = await startProgram({
    script,
    config: "charger: { id: CP1 }\nbackends: [{ id: books, token: b, durable: true }]\n" +
      "log: { level: error }",
  });
  const books = new JsonListener(`${program.backendUrl}/books`, "b");
  try {
    books.start();
    await until(() => books.connections === 1, 5_000, "the backend");
    const frames: string[] = [];
    let socket = await connect(program);
    const send = async (action: string, payload: unknown) => {
      const frame = JSON.stringify([2, `f${frames.length}`, action, payload]);
      frames.push(frame);
      return await answerTo(socket, frame);
    };
    const transactionId = await playSession(send, meters);
    const rows = () =>
      ["log", "session", "backend_transaction"].map((table) =>
        JSON.stringify(query(`${program.dataDir}/ocpp-proxy.db`, `SELECT * FROM ${table}`))
      );
    const told = () =>
      books.events.filter(({ type }) => /^(meter|transaction_)/.test(String(type))).length;
    await until(() => told() === meters + 2, 5_000, "the session at the backend");
    await pause(SETTLE_MS);
    const before = rows();
    let changed = 0;
    let replays = 0;
    let sameId = 0;
    let refused = 0;
    const replay = async () => {
      for (const frame of frames) {
        const answer = await answerTo(socket, frame);
        if (answer[0] !== 3) refused++;
        if (!frame.includes('"StartTransaction"')) continue;
        if ((answer[2] as Started).transactionId === transactionId) sameId++;
      }
      replays++;
      await pause(SETTLE_MS);
      changed += rows().filter((table, index) => table !== before[index]).length;
    };
    await replay();
    socket.terminate();
    socket = await connect(program);
    await replay();
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await program.restart(signal);
      socket = await connect(program);
      await replay();
    }
    socket.terminate();
    return {
      injected: `${replays} replays of ${frames.length} frames`,
      acknowledged: meters + 2,
      duplicates: told() - meters - 2,
      figures: [
        { name: "tables with other rows", value: changed, most: 0 },
        { name: "frames not confirmed again", value: refused, most: 0 },
        { name: "starts with another id", value: replays - sameId, most: 0 },
      ],
    };
  } finally {
    await books.stop();
    await program.close();
  }
}

interface Started {
  readonly transactionId: unknown;
}

type Send = (action: string, payload: unknown) => Promise<readonly unknown[]>;

async function playSession(send: Send, meters: number): Promise<unknown> {
  const at = (second: number) => new Date(Date.now() + second * 1_000).toISOString();
  const status = (word: string) => ({ connectorId: 1, errorCode: "NoError", status: word });
  await send("BootNotification", { chargePointVendor: "V", chargePointModel: "M" });
  await send("Authorize", { idTag: "CARD" });
  await send("StatusNotification", status("Preparing"));
  const start = { connectorId: 1, idTag: "CARD", meterStart: 1_000, timestamp: at(0) };
  const [, , started] = await send("StartTransaction", start);
  const { transactionId } = started as Started;
  await send("StatusNotification", status("Charging"));
  for (let number = 1; number <= meters; number++) {
    const sampledValue = [{ value: String(1_000 + number), unit: "Wh" }];
    await send("MeterValues", {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: at(number), sampledValue }],
    });
  }
  await send("StopTransaction", {
    transactionId,
    meterStop: 1_001 + meters,
    timestamp: at(meters + 1),
  });
  await send("StatusNotification", status("Available"));
  return transactionId;
}

async function connect(program: Program): Promise<WebSocket> {
  const socket = new WebSocket(`${program.chargerUrl}/CP1`, "ocpp1.6", {
    perMessageDeflate: false,
  });
  socket.on("error", () => {});
  await new Promise((resolve, reject) => socket.once("open", resolve).once("close", reject));
  return socket;
}

function answerTo(socket: WebSocket, frame: string): Promise<readonly unknown[]> {
  const [, id] = JSON.parse(frame);
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error(`no answer to ${frame}`));
    socket.once("close", lost);
    const heard = (data: unknown) => {
      const answer = JSON.parse(String(data));
      if (answer[0] === 2 || answer[1] !== id) return;
      socket.off("message", heard);
      socket.off("close", lost);
      resolve(answer);
    };
    socket.on("message", heard);
    socket.send(frame);
  });
}
