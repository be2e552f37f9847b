// Restarts in the middle of a session: one row, exact energy, and no id stands for two messages.

import assert from "node:assert/strict";
import type { Received } from "../../support/strict_peer.ts";
import { until } from "../../support/until.ts";
import { Household } from "../support/household.ts";
import type { Random } from "../support/random.ts";
import type { Outcome } from "./outcome.ts";

export interface Restarts {
  readonly script?: string;
  readonly random: Random;
  readonly restarts: number;
}

/** Messages that are confirmed between two restarts, at least. */
const BETWEEN = 3;

/** SIGTERM and start, so many times in one session. */
export async function restartInSession(
  { script, random, restarts }: Restarts,
): Promise<Outcome> {
  // Long enough to outlast the restarts.
  const meters = { least: 2 * BETWEEN * restarts, most: 2 * BETWEEN * restarts };
  const household = await Household.start({ random, script, meters });
  const { program, charger } = household;
  const answerMs: number[] = [];
  try {
    for (let restart = 0; restart < restarts; restart++) {
      const before = charger.confirmed;
      await until(() => charger.confirmed >= before + BETWEEN, 20_000, "messages to be confirmed");
      assert.equal((await program.kill("SIGTERM")).code, 0, program.stderr);
      const { confirmed } = charger;
      const begun = performance.now();
      await program.start();
      await until(() => charger.confirmed > confirmed, 20_000, "a message to be confirmed");
      answerMs.push(performance.now() - begun);
    }
    const sessions = charger.sessions.length;
    await household.wind();
    household.check();
    assert.deepEqual(household.logLines("error"), []);
    assertIdsMeanOneMessage(household.employer.received);
    return {
      injected: `${restarts} restarts in one session`,
      ...household.account(),
      figures: [
        { name: "rows of the session", value: sessions, most: 1 },
        { name: "first answer after a start, longest", value: Math.max(...answerMs), unit: "ms" },
      ],
    };
  } finally {
    await household.close();
  }
}

/** The id of a CALL that was used again stands for the same payload (OCPP-J 1.6, section 4.1.4). */
function assertIdsMeanOneMessage(received: readonly Received[]): void {
  const payloads = new Map<string, string>();
  for (const { id, action, payload } of received) {
    const { transactionId: _, ...rest } = payload;
    const text = JSON.stringify([action, rest]);
    assert.equal(payloads.get(id) ?? text, text, `two messages have the id ${id}`);
    payloads.set(id, text);
  }
}
