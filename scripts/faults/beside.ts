// Faults beside the core: amounts and limits, recordings, the house's controls, the listener.

import { type Fault, faultsOf } from "./fault.ts";

const MONEY = "src/core/money.ts";
const LIMIT = "src/core/limit_delivery.ts";
const RECORDER = "src/io/recorder.ts";
const COUNTERPART = "src/replay/counterpart.ts";
const COMMAND = "src/io/mqtt_command.ts";

export const MONEY_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "what is owed is rounded like what is due",
    MONEY,
    "return doubled % (2n * divisor) < 0n ? quotient - 1n : quotient;",
    "return quotient;",
  ],
  [
    "an amount has two decimals at least",
    MONEY,
    "fraction.slice(0, 2) + fraction.slice(2).replace(/0+$/",
    "fraction.replace(/0+$/",
  ],
  [
    "a price far below nothing is not believed",
    MONEY,
    "return Math.abs(price) <= MAX_PRICE_MICROS",
    "return price <= MAX_PRICE_MICROS",
  ],
]);

export const LIMIT_DELIVERY_FAULTS: readonly Fault[] = faultsOf(["tests/core"], [
  [
    "a limit that is not confirmed is sent again",
    LIMIT,
    "return !have?.confirmed || differs(have, content, now);",
    "return !have || differs(have, content, now);",
  ],
  [
    "less current is urgent",
    LIMIT,
    "content.periods[0]!.limit < had.limit,",
    "content.periods[0]!.limit > had.limit,",
  ],
  [
    "a limit of 0 A is not left behind for good",
    "src/core/effective_limit.ts",
    "ownerLimit.until === undefined && ownerLimit.currentA > 0;",
    "ownerLimit.until === undefined;",
  ],
]);

export const RECORDING_FAULTS: readonly Fault[] = faultsOf(
  ["tests/io/recorder_test.ts", "tests/recording", "tests/replay", "tests/recordings"],
  [
    [
      "no more files are kept than are wanted",
      "src/io/recording_file.ts",
      "for (let number = keep - 1;",
      "for (let number = keep;",
    ],
    [
      "each file of a recording is as long as the first",
      RECORDER,
      "      this.#bytes = 0;\n",
      "",
    ],
    [
      "a tag with something behind it has the stand-in of the tag",
      "src/recording/pseudonym.ts",
      "const head = idTag.slice(0, LONGEST_TAG);",
      "const head = idTag;",
    ],
    [
      "a recorded answer goes to the question that it was given to",
      COUNTERPART,
      "one.action === other.action && TELLING.every(",
      "one.action === other.action || TELLING.every(",
    ],
    [
      "what nobody has answered in a recording is answered by a stand-in",
      COUNTERPART,
      "for (const call of calls) this.#open.delete(call);",
      "",
    ],
    [
      "a frame that comes much later is another one",
      "src/replay/expectation.ts",
      "Math.abs(Number(expectedAt) - Number(foundAt)) <= TOLERANCE_MS",
      "Number(expectedAt) - Number(foundAt) <= TOLERANCE_MS",
    ],
  ],
);

export const HOME_FAULTS: readonly Fault[] = faultsOf(
  ["tests/io/home_state_test.ts", "tests/io/mqtt_device_test.ts"],
  [
    [
      "a limit that is no number is none",
      COMMAND,
      "if (!(currentA <= highestCurrentA)) return undefined;",
      "if (currentA > highestCurrentA) return undefined;",
    ],
    [
      "the highest limit is the same as none",
      COMMAND,
      "currentA: currentA === highestCurrentA ? undefined : currentA",
      "currentA",
    ],
    [
      "the button that takes over lets go by itself",
      COMMAND,
      "modeMinutes || TAKE_OVER_MS / 60_000",
      "modeMinutes",
    ],
    [
      "a switch that says what is so already changes nothing",
      COMMAND,
      'if (payload === "OFF" && shares)',
      'if (payload === "OFF")',
    ],
  ],
);

export const LISTENER_FAULTS: readonly Fault[] = faultsOf(
  [
    "tests/io/http_test.ts",
    "tests/io/handshake_test.ts",
    "tests/io/socket_test.ts",
    "tests/io/websocket_protocol_test.ts",
    "tests/io/listener_limits_test.ts",
    "tests/fuzz/http_test.ts",
    "tests/fuzz/websocket_test.ts",
  ],
  [
    [
      "violations long ago count no more",
      "src/io/offenders.ts",
      "now - known.since < this.#limits.violationsWithinMs",
      "now >= known.since",
    ],
    [
      "who has left waits no more",
      "src/io/places.ts",
      "      this.#pendingCount--;\n",
      "",
    ],
    [
      "a body has one length",
      "src/io/http_body.ts",
      "if (length !== null || list.length !== 1 ||",
      "if (list.length !== 1 ||",
    ],
    [
      "a head with an unreadable line is refused",
      "src/io/http_exchange.ts",
      "head.unreadableLines > 0 || ",
      "",
    ],
    [
      "a message in fragments has the bound of any other",
      "src/io/websocket_reader.ts",
      "if (this.#partialBytes + length > this.#maxMessageBytes) {",
      "if (length > this.#maxMessageBytes) {",
    ],
    [
      "the mask goes on where a frame comes in pieces",
      "src/io/websocket_reader.ts",
      "    this.#maskPhase = phase;\n",
      "",
    ],
  ],
);
