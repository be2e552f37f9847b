// Faults of the language: frames, checks, message ids.

import { type Fault, faultsOf } from "./fault.ts";

const FRAME = "src/ocpp/frame.ts";
const VALIDATE = "src/ocpp/validate.ts";
const CHARGER = "src/core/charger_call.ts";
const OUTBOX = "src/core/backend_outbox.ts";

export const CODEC_FAULTS: readonly Fault[] = faultsOf(["tests/ocpp"], [
  [
    "a CALL of five elements is refused",
    FRAME,
    "if (frame.length !== 4)",
    "if (frame.length < 4)",
  ],
  [
    "a frame is read to a known depth",
    FRAME,
    "if (++depth > maximum)",
    "if (++depth > maximum + 1)",
  ],
  [
    "half a CALL is answered, half an answer ends what it answers",
    FRAME,
    'if (prefix[1] !== "2")',
    'if (prefix[1] === "2")',
  ],
  [
    "a description is cut between characters",
    FRAME,
    "if (!cut.isWellFormed()) cut = cut.slice(0, -1);",
    "",
  ],
  [
    "brackets inside of text nest nothing",
    FRAME,
    "index = endOfString(text, index + 1);",
    "",
  ],
  [
    "a number below its least is refused",
    VALIDATE,
    "if (value < field.minimum)",
    "if (value < field.minimum - 1)",
  ],
  [
    "an integer beyond 64 bits is refused",
    VALIDATE,
    "return BigInt.asIntN(64, value) === value",
    "return true",
  ],
]);

export const ID_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "an answer of the charger to another message has no effect",
    CHARGER,
    "if (pending === undefined || pending.id !== id) {",
    "if (pending === undefined) {",
  ],
  [
    "an answer of a backend to another message has no effect",
    "src/core/backend_frame.ts",
    "if (pending === undefined || pending.id !== id) {",
    "if (pending === undefined) {",
  ],
  [
    "a frame of an old connection of the charger means nothing",
    "src/core/charger_message.ts",
    "if (charger.connection !== connection) return;",
    "",
  ],
  [
    "a message of the log goes out again under the same id",
    OUTBOX,
    'const id = outgoing.type === "entry"',
    'const id = outgoing.type === "boot"',
  ],
  [
    "message ids of one run are none of another's",
    CHARGER,
    "${state.run.toString(36)}",
    "0",
  ],
  [
    "a backend has its own transaction ids",
    "src/core/delivery.ts",
    "if (theirs !== undefined) return theirs;",
    "if (theirs !== undefined) return entry.transactionId;",
  ],
  [
    "a reservation's id is shown to its own backend only",
    "src/core/delivery.ts",
    "return reservation?.backendId === backend.id",
    "return reservation !== undefined",
  ],
  [
    "a backend hears of a card by its own name for it",
    "src/core/delivery.ts",
    "return theirs === idTag ? payload : { ...payload, idTag: theirs };",
    "return payload;",
  ],
  [
    "sessions of others are not shown to a backend that sees its own",
    "src/core/delivery.ts",
    'if (backend.configuration.sees === "all") return true;',
    "return true;",
  ],
]);
