// What a peer is answered when a defect of the proxy kept its CALL from being processed.

import { errorText, parseFrame } from "../ocpp/frame.ts";

/** The CALLERROR to a frame that is a CALL; undefined: it is none, and nobody waits. */
export function apologyFor(text: string): string | undefined {
  const frame = parseFrame(text);
  if (frame.type !== "call") return undefined;
  return errorText(frame.id, "InternalError", "the message could not be processed");
}
