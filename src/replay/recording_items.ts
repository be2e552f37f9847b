// The items of a recording, for another configuration: a core with the recorded one runs beside it
// and tells what each recorded answer was an answer to.

import { type MessageId, parseFrame } from "../ocpp/frame.ts";
import type { Scene } from "./engine.ts";
import { ExactCore } from "./exact_play.ts";
import { forgetOldest } from "./forget_oldest.ts";
import type { Item } from "./item.ts";
import type { RecordingReader } from "./recording_reader.ts";

/** CALLs of the recorded core that may still be answered. */
const MAX_OPEN = 2_000;

/** StartTransactions that the recorded core has not answered yet. */
const MAX_STARTS = 1_000;

/**
 * What happened; what only came of the recorded configuration is left out. `watch` sees what the
 * core with that configuration sends, after the items of the event that it sends it for.
 */
export function* recordingItems(
  recording: RecordingReader,
  watch: (sent: Scene & { type: "sent" }) => void = () => {},
): Generator<Item> {
  let items: Item[] = [];
  /** By peer and message id. */
  const open = new Map<string, number>();
  const starts = new Set<MessageId>();
  let told: (Scene & { type: "sent" })[] = [];
  let number = 0;
  let now = 0;

  const core = new ExactCore(recording, (scene) => {
    if (scene.type !== "sent") return;
    sent(scene);
    told.push(scene);
  });
  for (let next = recording.take(); next; next = recording.take()) {
    const { at, event } = next;
    now = at;
    switch (event.type) {
      case "started":
      case "tick":
      case "configured":
      case "log_page":
        break;
      case "stored":
        continue;
      case "charger_frame":
      case "backend_frame":
        frame(at, event);
        break;
      default:
        items.push({ type: "event", at, event });
    }
    const before = items;
    items = [];
    core.tell(next);
    // What was asked counts as known when the other core asks the same.
    yield* items;
    yield* before;
    items = [];
    for (const scene of told) watch(scene);
    told = [];
  }

  function frame(
    at: number,
    event: (Item & { type: "event" })["event"] & { type: "charger_frame" | "backend_frame" },
  ): void {
    const backendId = event.type === "backend_frame" ? event.backendId : undefined;
    const parsed = parseFrame(event.text);
    const answers = parsed.type === "result" || parsed.type === "error"
      ? parsed.id
      : parsed.type === "malformed"
      ? parsed.failedCall
      : undefined;
    const key = `${backendId ?? ""}\n${answers}`;
    const asked = answers === undefined ? undefined : open.get(key);
    if (asked !== undefined) {
      open.delete(key);
      items.push({ type: "answered", at, backendId, number: asked, text: event.text });
      return;
    }
    if (backendId === undefined && parsed.type === "call" && parsed.action === "StartTransaction") {
      starts.add(parsed.id);
      forgetOldest(starts, MAX_STARTS);
    }
    items.push({ type: "event", at, event });
  }

  function sent({ backendId, text }: Scene & { type: "sent" }): void {
    const parsed = parseFrame(text);
    if (parsed.type === "call") {
      const { id, action, payload } = parsed;
      open.set(`${backendId ?? ""}\n${id}`, ++number);
      items.push({ type: "asked", at: now, backendId, number, call: { action, payload } });
      forgetOldest(open, MAX_OPEN);
    } else if (parsed.type === "result" && backendId === undefined && starts.delete(parsed.id)) {
      const { transactionId } = parsed.payload;
      if (transactionId === undefined) return;
      items.push({
        type: "given",
        at: now,
        id: parsed.id,
        transactionId: String(transactionId),
      });
    }
  }
}
