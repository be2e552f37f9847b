// Recorded answers under the ids of now.

import type { MessageId } from "../ocpp/frame.ts";

const ANSWER_ID = /^([\s\ufeff]*\[\s*[34]\s*,\s*)("(?:[^"\\]|\\.)*"|-?\d+)/;

/** A recorded answer under the id of the CALL that it answers now. */
export function withId(text: string, id: MessageId): string {
  return text.replace(ANSWER_ID, (_, before) => before + JSON.stringify(id));
}
