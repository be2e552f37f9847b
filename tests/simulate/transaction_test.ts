// What the virtual charger keeps for the end of a transaction, within its bound.

import assert from "node:assert/strict";
import { MAX_TRANSACTION_DATA, Transaction } from "../../src/simulate/transaction.ts";

Deno.test("StopTransaction keeps its first reading and the newest ones, up to a bound", () => {
  const transaction = new Transaction(1, "04A2B3C4D5", 0, 0, undefined);
  const last = MAX_TRANSACTION_DATA + 5;
  for (let energyWh = 0; energyWh <= last; energyWh++) {
    const reading = { energyWh, powerW: 0, offeredA: 0, stateOfCharge: undefined };
    const measurands = ["Energy.Active.Import.Register"] as const;
    transaction.record(measurands, reading, "Sample.Periodic", energyWh * 1_000);
  }
  const session = transaction.finish(last * 1_000, last, "Local", undefined);
  const values = transaction.stopPayload(session).transactionData
    ?.map(({ sampledValue }) => Number(sampledValue[0]?.value)) ?? [];
  assert.equal(values.length, MAX_TRANSACTION_DATA);
  assert.deepEqual([values[0], values[1], values.at(-1)], [0, 7, last]);
});
