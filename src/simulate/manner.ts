// How a peer words its side of the conversation: properly, or as some equipment does.

import type { MessageId } from "../ocpp/frame.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { Action } from "../ocpp/types.ts";
import type { WebSocket } from "./web_socket.ts";

/** How a frame travels: a text message, a binary one, or a text in three fragments. */
export type Coding = "text" | "binary" | "fragments";

/** A CALL whose answer nobody waits for. */
export interface ExtraCall {
  readonly action: Action;
  readonly payload: JsonObject;
}

/** What becomes of a CALL that is to be sent. */
export interface CallPlan {
  readonly payload: JsonObject;
  /** It is not sent at all: this counts as its confirmation. */
  readonly confirmation?: JsonObject | undefined;
  /** Sent behind it. */
  readonly extras: readonly ExtraCall[];
}

/** The manner of one peer. */
export interface Manner {
  plan(action: Action, payload: JsonObject): CallPlan;
  messageId(action: string): MessageId;
  /** The frames that are sent in place of this one. */
  frames(text: string): readonly string[];
  readonly coding: Coding;
}

/** The manner of a peer that has none of its own. */
export const PROPER: Manner = {
  plan: (_action, payload) => ({ payload, extras: [] }),
  messageId: () => crypto.randomUUID(),
  frames: (text) => [text],
  coding: "text",
};

/** Sends one frame as the coding says. */
export function sendFrame(socket: WebSocket, text: string, coding: Coding): void {
  switch (coding) {
    case "text":
      socket.send(text);
      return;
    case "binary":
      socket.send(new TextEncoder().encode(text), { binary: true });
      return;
    case "fragments": {
      const cuts = [0, Math.ceil(text.length / 3), Math.ceil(2 * text.length / 3), text.length];
      for (let part = 0; part < 3; part++) {
        socket.send(text.slice(cuts[part], cuts[part + 1]), { fin: part === 2 });
      }
    }
  }
}
