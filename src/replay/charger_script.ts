// The charger's side of a recording as a script: what it said, when, and what it was told.

import { parseFrame } from "../ocpp/frame.ts";
import { foreignItems } from "./foreign_items.ts";
import { forgetOldest } from "./forget_oldest.ts";
import type { Item } from "./item.ts";
import type { Source } from "./play_file.ts";
import { recordingItems } from "./recording_items.ts";

/** One line of the script; `at` in epoch milliseconds. */
export type Cue =
  & { readonly at: number }
  & (
    | { readonly type: "connect"; readonly chargePointId: string }
    | { readonly type: "disconnect" }
    /** `answer`: what the recorded central system answered; undefined: nothing that was recorded. */
    | { readonly type: "call"; readonly text: string; answer: string | undefined }
    /** No CALL: broken, or an answer to nothing. */
    | { readonly type: "say"; readonly text: string }
    /** What the central system asked the charger, and its answer. */
    | {
      readonly type: "asked";
      readonly number: number;
      readonly call: (Item & { type: "asked" })["call"];
      answer: string | undefined;
    }
  );

/** How far the script looks ahead for answers, cues. */
const LOOK_AHEAD = 200;

/** CALLs whose answers may still come; later than LOOK_AHEAD they are of no use. */
const MAX_OPEN = 1_000;

/** The script of a source. */
export function* chargerScript(source: Source): Generator<Cue> {
  const cues = source.type === "recording"
    ? recordedCues(source)
    : foreignCues(foreignItems(source.log));
  const waiting: Cue[] = [];
  for (const cue of cues) {
    waiting.push(cue);
    if (waiting.length > LOOK_AHEAD) yield waiting.shift()!;
  }
  yield* waiting;
}

type Call = Cue & { type: "call" | "asked" };

/** The proxy's own answers are what is to be compared with. */
function* recordedCues({ recording }: Source & { type: "recording" }): Generator<Cue> {
  const calls = new Map<string | number, Call>();
  const items = recordingItems(recording, ({ backendId, text }) => {
    if (backendId === undefined) answer(calls, text);
  });
  const asked = new Map<number, Call>();
  for (const item of items) yield* cuesOf(item, asked, (id, cue) => remember(calls, id, cue));
}

function remember<Key>(calls: Map<Key, Call>, key: Key, cue: Call): void {
  calls.set(key, cue);
  forgetOldest(calls, MAX_OPEN);
}

function answer(calls: Map<string | number, Call>, text: string): void {
  const frame = parseFrame(text);
  if (frame.type !== "result" && frame.type !== "error") return;
  const call = calls.get(frame.id);
  if (call) call.answer = text;
  calls.delete(frame.id);
}

function* foreignCues(items: Iterable<Item>): Generator<Cue> {
  const asked = new Map<number, Call>();
  /** The number of the CALL that the charger is about to make. */
  let number = 0;
  for (const item of items) {
    if (item.type === "asked" && item.backendId !== undefined) number = item.number;
    yield* cuesOf(item, asked, (_, cue) => remember(asked, number, cue));
  }
}

function* cuesOf(
  item: Item,
  asked: Map<number, Call>,
  called: (id: string | number, cue: Call) => void,
): Generator<Cue> {
  const { at } = item;
  switch (item.type) {
    case "given":
      return;
    case "asked": {
      if (item.backendId !== undefined) return;
      const { number, call } = item;
      const cue: Call = { type: "asked", at, number, call, answer: undefined };
      remember(asked, number, cue);
      yield cue;
      return;
    }
    case "answered": {
      const call = asked.get(item.number);
      if (call) call.answer = item.text;
      asked.delete(item.number);
      return;
    }
    case "event": {
      const { event } = item;
      if (event.type === "charger_connected") {
        yield { type: "connect", at, chargePointId: event.chargePointId };
      } else if (event.type === "charger_disconnected") {
        yield { type: "disconnect", at };
      } else if (event.type === "charger_frame") {
        const frame = parseFrame(event.text);
        if (frame.type !== "call") {
          yield { type: "say", at, text: event.text };
          return;
        }
        const cue: Call = { type: "call", at, text: event.text, answer: undefined };
        called(frame.id, cue);
        yield cue;
      }
    }
  }
}
