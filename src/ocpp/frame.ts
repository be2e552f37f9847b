// The frames of OCPP-J 1.6 (section 4): CALL, CALLRESULT and CALLERROR as text.

import { isJsonObject, type JsonObject, type JsonValue, parseJson, stringifyJson } from "./json.ts";

/** As it came: some chargers and libraries number their messages. At most 36 characters are usual. */
export type MessageId = string | number;

/** The error codes of OCPP-J 1.6, section 4.2.3, and SecurityError, in their own spelling. */
export type ErrorCode =
  | "NotImplemented"
  | "NotSupported"
  | "InternalError"
  | "ProtocolError"
  | "SecurityError"
  | "FormationViolation"
  | "PropertyConstraintViolation"
  | "OccurenceConstraintViolation"
  | "TypeConstraintViolation"
  | "GenericError";

export type Frame =
  | {
    readonly type: "call";
    readonly id: MessageId;
    readonly action: string;
    readonly payload: JsonObject;
  }
  | { readonly type: "result"; readonly id: MessageId; readonly payload: JsonObject }
  | {
    readonly type: "error";
    readonly id: MessageId;
    /** Any text: other spellings than ours are in use. */
    readonly code: string;
    readonly description: string;
    readonly details: JsonValue;
  }
  | {
    readonly type: "malformed";
    /** For the log. */
    readonly reason: string;
    /** The CALLERROR to send, where it was a CALL and its id is known. */
    readonly reply?: {
      readonly id: MessageId;
      readonly code: ErrorCode;
      readonly description: string;
    };
    /** The CALL of ours that this was meant to answer. */
    readonly failedCall?: MessageId;
  };

/** The longest frame that is read, in UTF-16 units. */
export const MAX_FRAME_LENGTH = 1024 * 1024;

/** The deepest nesting that is read; the deepest valid frame (a charging profile) has 7. */
export const MAX_DEPTH = 16;

/** The longest errorDescription that is sent, OCPP-J 1.6 section 4.2.3. */
export const MAX_DESCRIPTION_LENGTH = 255;

const CALL = 2;
const CALLRESULT = 3;
const CALLERROR = 4;

/** Reads one frame; never throws. */
export function parseFrame(text: string): Frame {
  if (text.length > MAX_FRAME_LENGTH) {
    return broken(text, `the frame is longer than ${MAX_FRAME_LENGTH} characters`);
  }
  if (isDeeper(text, MAX_DEPTH)) {
    return broken(text, `the frame is nested deeper than ${MAX_DEPTH} levels`);
  }
  let frame: JsonValue;
  try {
    frame = parseTolerantly(text);
  } catch {
    // The parser's own words quote the frame, and with it perhaps a secret.
    return broken(text, "the frame is not JSON");
  }
  if (!Array.isArray(frame)) return malformed("the frame is not a JSON array");
  const [type, id] = frame;
  if (type !== CALL && type !== CALLRESULT && type !== CALLERROR) {
    return malformed("the message type is not 2, 3 or 4");
  }
  // A number like 1e999 could not be written down again.
  if (typeof id !== "string" && (typeof id !== "number" || !Number.isFinite(id))) {
    return malformed("the message id is neither text nor a number");
  }
  switch (type) {
    case CALL:
      return call(id, frame);
    case CALLRESULT:
      return result(id, frame);
    case CALLERROR:
      return {
        type: "error",
        id,
        code: typeof frame[2] === "string" ? frame[2] : "GenericError",
        description: typeof frame[3] === "string" ? frame[3] : "",
        details: frame[4] ?? {},
      };
  }
}

/** The text of a CALL. */
export function callText(id: MessageId, action: string, payload: JsonObject): string {
  return callOfText(id, action, stringifyJson(payload));
}

/** The text of a CALL whose payload is JSON text already. */
export function callOfText(id: MessageId, action: string, payload: string): string {
  return `[2,${JSON.stringify(id)},${JSON.stringify(action)},${payload}]`;
}

/** The text of a CALLRESULT. */
export function resultText(id: MessageId, payload: JsonObject): string {
  return `[3,${JSON.stringify(id)},${stringifyJson(payload)}]`;
}

/** The text of a CALLERROR; the description is cut to MAX_DESCRIPTION_LENGTH. */
export function errorText(id: MessageId, code: ErrorCode, description: string): string {
  let cut = description;
  if (description.length > MAX_DESCRIPTION_LENGTH) {
    cut = description.slice(0, MAX_DESCRIPTION_LENGTH);
    if (!cut.isWellFormed()) cut = cut.slice(0, -1);
  }
  return `[4,${JSON.stringify(id)},"${code}",${JSON.stringify(cut)},{}]`;
}

function call(id: MessageId, frame: readonly JsonValue[]): Frame {
  const action = frame[2];
  // null means "no payload" (section 4.2.1). A CALL has exactly four elements.
  const payload = frame[3] === null ? {} : frame[3];
  if (frame.length !== 4) return refused(id, `a CALL has 4 elements, this one ${frame.length}`);
  if (typeof action !== "string") return refused(id, "the action is not text");
  if (!isJsonObject(payload)) return refused(id, "the payload is not an object");
  return { type: "call", id, action, payload };
}

function result(id: MessageId, frame: readonly JsonValue[]): Frame {
  // An answer is taken with what it has: an absent payload is an empty one, more is ignored.
  const payload = frame[2] ?? {};
  if (isJsonObject(payload)) return { type: "result", id, payload };
  return { ...malformed("the payload of the CALLRESULT is not an object"), failedCall: id };
}

type Malformed = Extract<Frame, { type: "malformed" }>;

function malformed(reason: string): Malformed {
  return { type: "malformed", reason };
}

function refused(id: MessageId, reason: string): Malformed {
  return { ...malformed(reason), reply: { id, code: "FormationViolation", description: reason } };
}

/** The start of a frame: message type and id, which is at most 255 characters long as text. */
const PREFIX = /^[\s\ufeff]*\[\s*([234])\s*,\s*("(?:[^"\\]|\\.){0,255}"|-?\d{1,15})\s*,/;

/** A frame that cannot be read as a whole: whom it belongs to is often still to be seen. */
function broken(text: string, reason: string): Malformed {
  const prefix = PREFIX.exec(text.slice(0, 1024));
  if (prefix === null) return malformed(reason);
  let id: MessageId;
  try {
    id = JSON.parse(prefix[2]!);
  } catch {
    return malformed(reason);
  }
  if (prefix[1] !== "2") return { ...malformed(reason), failedCall: id };
  return refused(id, reason);
}

// deno-lint-ignore no-control-regex -- these are what it is about
const CONTROL = /[\u0000-\u001f]/g;

/** JSON, also with NUL bytes and line ends inside of strings (Wallbe and others send them). */
function parseTolerantly(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    const clean = text.replace(CONTROL, "");
    if (clean.length === text.length) throw error;
    return parseJson(clean);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Whether brackets outside of strings nest deeper than that, found before anything recurses. */
function isDeeper(text: string, maximum: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case OPEN_BRACKET:
      case OPEN_BRACE:
        if (++depth > maximum) return true;
        break;
      case CLOSE_BRACKET:
      case CLOSE_BRACE:
        depth--;
        break;
      case QUOTE:
        index = endOfString(text, index + 1);
        break;
    }
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let index = start; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index++;
  }
  return text.length;
}
