// The items of somebody else's log: the charger's messages, and a backend `recorded` that asks for
// what the old central system asked for, and answers as it did.

import { type Frame, type MessageId, parseFrame } from "../ocpp/frame.ts";
import type { ForeignFrame, ForeignLog, Side } from "./foreign_frame.ts";
import { forgetOldest } from "./forget_oldest.ts";
import type { Item } from "./item.ts";

/** The backend that stands for the old central system. */
export const RECORDED_BACKEND = "recorded";

/** CALLs that may still be answered. */
const MAX_OPEN = 1_000;

const CHARGER_CONNECTION = 1;
const BACKEND_CONNECTION = 2;

/** The address of peers that have none: RFC 5737 keeps it for examples. */
const ADDRESS = "192.0.2.1";

interface Open {
  readonly number: number;
  readonly action: string;
}

/** Of each frame what it means for the proxy in the place of the old central system. */
export function* foreignItems(log: ForeignLog): Generator<Item> {
  const open: Readonly<Record<Side, Map<MessageId, Open>>> = {
    charger: new Map(),
    central_system: new Map(),
  };
  let number = 0;
  let begun = false;
  for (const frame of log) {
    if (!begun) yield* beginning(frame.at, log.chargePointId ?? "CP001");
    begun = true;
    yield* itemsOf(frame);
  }

  function* itemsOf({ at, from, text }: ForeignFrame): Generator<Item> {
    const frame = parseFrame(text);
    if (frame.type === "call") {
      const { id, action, payload } = frame;
      open[from].set(id, { number: ++number, action });
      forgetOldest(open[from], MAX_OPEN);
      const backendId = from === "charger" ? RECORDED_BACKEND : undefined;
      yield { type: "asked", at, backendId, number, call: { action, payload } };
    }
    const asked = answered(frame, from);
    if (asked === undefined) {
      // A CALL, or what answers nothing.
      if (from === "charger" || frame.type === "call") {
        yield { type: "event", at, event: said(from, text) };
      }
      return;
    }
    const backendId = from === "charger" ? undefined : RECORDED_BACKEND;
    if (frame.type === "result" && from === "central_system") {
      const { transactionId } = frame.payload;
      if (asked.action === "StartTransaction" && transactionId !== undefined) {
        yield { type: "given", at, id: frame.id, transactionId: String(transactionId) };
      }
    }
    yield { type: "answered", at, backendId, number: asked.number, text };
  }

  function answered(frame: Frame, from: Side): Open | undefined {
    const asker = open[from === "charger" ? "central_system" : "charger"];
    const id = frame.type === "result" || frame.type === "error"
      ? frame.id
      : frame.type === "malformed"
      ? frame.failedCall
      : undefined;
    if (id === undefined) return undefined;
    const asked = asker.get(id);
    asker.delete(id);
    return asked;
  }
}

function* beginning(at: number, chargePointId: string): Generator<Item> {
  yield {
    type: "event",
    at,
    event: {
      type: "backend_connected",
      backendId: RECORDED_BACKEND,
      connection: BACKEND_CONNECTION,
      protocol: "ocpp1.6",
      remoteAddress: ADDRESS,
    },
  };
  yield {
    type: "event",
    at,
    event: {
      type: "charger_connected",
      connection: CHARGER_CONNECTION,
      chargePointId,
      remoteAddress: ADDRESS,
    },
  };
}

function said(from: Side, text: string): (Item & { type: "event" })["event"] {
  return from === "charger" ? { type: "charger_frame", connection: CHARGER_CONNECTION, text } : {
    type: "backend_frame",
    backendId: RECORDED_BACKEND,
    connection: BACKEND_CONNECTION,
    text,
  };
}
