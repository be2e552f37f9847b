// Faults of what is kept: stored before it is answered, delivered in order, put back after a start.

import { type Fault, faultsOf } from "./fault.ts";

const STORED = "src/core/stored.ts";
const DELIVERY = "src/core/delivery.ts";
const OUTBOX = "src/core/backend_outbox.ts";
const ANSWERS = "src/core/backend_frame.ts";
const RESTORE = "src/core/restore.ts";

export const STORE_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "what could not be stored has not happened",
    STORED,
    "if (failure === undefined) apply(step, plan);",
    "if (failure !== token) apply(step, plan);",
  ],
  [
    "only the newest commit makes a plan true",
    STORED,
    "if (state.storing?.token !== token) return;",
    "if (state.storing === undefined) return;",
  ],
  [
    "meter values are stored with the energy of their session",
    "src/core/meter_values.ts",
    '}, [{ table: "log", entry }, { table: "session", session: updated }]);',
    '}, [{ table: "log", entry }]);',
  ],
  [
    "a backend's transaction id is stored before it counts",
    ANSWERS,
    "    backendIdWrite(backend, entry.transactionId, theirs),\n",
    "",
  ],
  [
    "whose start the charger is sent is stored first",
    "src/core/charger_call.ts",
    "if (rows.length > 0) store",
    "if (rows.length > 9) store",
  ],
  [
    "a repeated StartTransaction keeps its transaction",
    "src/core/start_transaction.ts",
    "if (known && (known.stoppedAt === null || clockSet)) {",
    "if (known && clockSet && known.stoppedAt !== null) {",
  ],
  [
    "meter values that are repeated are logged once",
    "src/core/meter_values.ts",
    "if (known?.transactionId === session.transactionId) {",
    "if (known?.transactionId === -1) {",
  ],
]);

export const DELIVERY_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "nothing of the log goes out while something is being stored",
    DELIVERY,
    "if (step.state.storing || delivery.notBefore > step.now) return undefined;",
    "if (delivery.notBefore > step.now) return undefined;",
  ],
  [
    "a backend has at most one outstanding CALL",
    OUTBOX,
    "if (backend.pending) return;",
    "",
  ],
  [
    "a backend that refused the boot is asked again in its own time",
    OUTBOX,
    "if (backend.bootAt > now || state.charger.boot === undefined) return undefined;",
    "if (state.charger.boot === undefined) return undefined;",
  ],
  [
    "a page that an earlier connection asked for is not used",
    OUTBOX,
    "if (backend?.delivery.reading !== after) return;",
    "if (backend?.delivery.reading === undefined) return;",
  ],
  [
    "the log is not held up by a flood of other messages",
    OUTBOX,
    "delivery.overtaken < MAX_OVERTAKING ?",
    "delivery.overtaken < Infinity ?",
  ],
  [
    "a refused message is repeated after longer and longer",
    "src/core/delivery_failure.ts",
    "Math.min(configuration.messageRetryIntervalMs * transmissions, LONGEST_RETRY_MS)",
    "configuration.messageRetryIntervalMs",
  ],
  [
    "a backend that is away does not use up its attempts",
    "src/core/delivery_failure.ts",
    "if (delivery.answeredSince) delivery.timeouts++;",
    "delivery.attempts++;",
  ],
  [
    "a confirmed stop is stored before anything else",
    ANSWERS,
    'pass(step, backend, entry.sequence, entry.action === "StopTransaction");',
    "pass(step, backend, entry.sequence, false);",
  ],
]);

export const RESTORE_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "a transaction that was refused stays so",
    RESTORE,
    "if (state.open.has(Number(id))) state.refused.add(Number(id));",
    "state.open.has(Number(id));",
  ],
  [
    "the form of a limit that the charger took is remembered",
    RESTORE,
    'limits.accepted = accepted as unknown as Limits["accepted"];',
    "",
  ],
  [
    "a lease of a clock that was ahead ends in time",
    RESTORE,
    "Math.min(lease.expiresAt, now + longestMs)",
    "lease.expiresAt",
  ],
  [
    "ids of 64 bits come back exactly",
    RESTORE,
    "return Number.isSafeInteger(number) ? number : BigInt(text);",
    "return number;",
  ],
  [
    "a lease belongs to the transaction that still runs",
    RESTORE,
    "return { ...lease, transactionId: running?.transactionId };",
    "return lease;",
  ],
  [
    "a reservation that was under way may be there",
    RESTORE,
    "confirmed: true",
    "confirmed: false",
  ],
]);
