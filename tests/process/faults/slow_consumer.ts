// Two backends of ten never read: nobody else notices, and what they missed comes from the disk.

import { startProgram } from "../../support/program.ts";
import type { Payload } from "../../support/strict_peer.ts";
import { until } from "../../support/until.ts";
import { jsonRegisterOf } from "../support/delivery_check.ts";
import { JsonListener } from "../support/json_listener.ts";
import { deafPeer } from "../support/raw_backend.ts";
import { quantile, TimedCharger } from "../support/timed_charger.ts";
import { type Outcome, peakMemory } from "./outcome.ts";

export interface SlowConsumer {
  readonly script?: string;
}

const READERS = 8;
/** More than the operating system takes for a peer that does not read: 30 messages of 250 kB. */
const BURST = { messages: 30, samples: 7_000 };
/** The messages that follow are of 1 kB. */
const SAMPLES = 30;
/** 10 s after the first message that was left out; and those until then. */
const DROPPED_S = 12;
const P99_MS = 50;

/** 200 messages a second until one is dropped, and 2 s more; then the durable one reads. */
export async function slowConsumer({ script }: SlowConsumer): Promise<Outcome> {
  const ids = Array.from({ length: READERS }, (_, index) => `reader${index}`);
  const durable = [...ids, "later"].map((id) =>
    `  - { id: ${id}, token: of-${id}, durable: true }\n`
  );
  const program = await startProgram({
    script,
    config: `log: { level: warning }\ncharger: { id: CP1 }\nbackends:\n` +
      `  - { id: never, token: of-never }\n${durable.join("")}`,
  });
  const readers = ids.map((id) => new JsonListener(`${program.backendUrl}/${id}`, `of-${id}`));
  const later = new JsonListener(`${program.backendUrl}/later`, "of-later");
  const charger = await TimedCharger.connect(program.chargerUrl, "CP1");
  const deaf: Deno.TcpConn[] = [];
  try {
    for (const reader of readers) reader.start();
    await until(() => readers.every(({ connections }) => connections === 1), 5_000, "the readers");
    await charger.begin();
    for (const id of ["never", "later"]) {
      deaf.push(await deafPeer(`${program.backendUrl}/${id}`, `of-${id}`));
    }
    for (let message = 0; message < BURST.messages; message++) await charger.meter(BURST.samples);
    let meters = BURST.messages;
    const begun = performance.now();
    const took: number[] = [];
    const measure = async (forMs: number) => {
      const some = await charger.measure(forMs, SAMPLES);
      took.push(...some);
      meters += Math.floor(some.length / 2);
    };
    const dropped = () => program.stderr.includes("a backend does not read");
    while (!dropped() && performance.now() - begun < 60_000) await measure(500);
    const droppedS = dropped() ? (performance.now() - begun) / 1_000 : Infinity;
    await measure(2_000);
    await until(
      () => readers.every((reader) => readings(reader).size === meters),
      10_000,
      "every message at every reader",
    );
    for (const connection of deaf.splice(0)) connection.close();
    const back = performance.now();
    later.start();
    await until(() => readings(later).size === meters, 30_000, "the durable one to catch up");
    const catchUpS = (performance.now() - back) / 1_000;
    return {
      injected: `2 of ${READERS + 2} backends do not read, ${meters} messages`,
      acknowledged: meters,
      lost: meters - Math.min(...[...readers, later].map((one) => readings(one).size)),
      duplicates: [...readers, later].reduce((sum, one) => sum + metersOf(one).length - meters, 0),
      figures: [
        {
          name: "one that keeps nothing is dropped after",
          value: droppedS,
          unit: "s",
          most: DROPPED_S,
        },
        {
          name: "charger's p99",
          value: quantile(took.sort((a, b) => a - b), 0.99),
          unit: "ms",
          most: P99_MS,
        },
        {
          name: "connections of the others",
          value: readers.reduce((sum, { connections }) => sum + connections, 0),
          most: READERS,
        },
        { name: "durable one caught up after", value: catchUpS, unit: "s", most: 30 },
        await peakMemory(program.pid),
      ],
    };
  } finally {
    for (const connection of deaf) connection.close();
    for (const reader of [...readers, later]) await reader.stop();
    charger.cut();
    await program.close();
  }
}

function metersOf({ events }: JsonListener): readonly Payload[] {
  return events.filter(({ type }) => type === "meter");
}

/** The registers that it was told, each of which is in one message only. */
function readings(listener: JsonListener): ReadonlySet<unknown> {
  return new Set(metersOf(listener).map((event) => jsonRegisterOf(event)));
}
