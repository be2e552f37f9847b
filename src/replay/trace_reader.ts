// Reads Open OCPP Trace 1.1: one JSON object a line, one frame an object.

import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from "../ocpp/json.ts";
import { parseTime } from "../ocpp/time.ts";
import { isTime } from "../recording/recording_format.ts";
import { type ForeignFrame, type ForeignLog, framesIn, UnusedLines } from "./foreign_frame.ts";
import type { LineReader } from "./line_reader.ts";

/** Whether a file is such a trace, by its first line. */
export function isTrace(firstLine: string): boolean {
  const object = objectIn(firstLine);
  return object !== undefined && "direction" in object &&
    ("messageType" in object || "schemaVersion" in object);
}

/** The frames of a trace: of its first charger, and of the hop to it where there are several. */
export class TraceReader implements ForeignLog {
  readonly unused = new UnusedLines();
  chargePointId: string | undefined;
  readonly #lines: LineReader;
  #at = 0;

  constructor(lines: LineReader) {
    this.#lines = lines;
  }

  [Symbol.iterator](): Generator<ForeignFrame> {
    return framesIn(this.#lines, this.unused, (line, number) => this.#frame(line, number));
  }

  /** The frame in a line, or why there is none. */
  #frame(line: string, number: number): ForeignFrame | string {
    const object = objectIn(line);
    if (object === undefined) return "no JSON object";
    const { direction, chargePointId, timestamp, meta } = object;
    if (direction !== "cp-to-csms" && direction !== "csms-to-cp") return "no direction";
    // A proxy writes its own hops, too: to them we are a backend.
    if (isJsonObject(meta) && meta.hop === "backend") return "a hop to a backend";
    if (typeof chargePointId === "string") {
      this.chargePointId ??= chargePointId;
      if (this.chargePointId !== chargePointId) return "another charger";
    }
    const at = typeof timestamp === "number" ? timestamp : parseTime(String(timestamp));
    if (isTime(at)) this.#at = at;
    if (this.#at === 0) return "no time";
    const text = typeof object.raw === "string" ? object.raw : frameText(object);
    if (text === undefined) return "no frame";
    const from = direction === "cp-to-csms" ? "charger" : "central_system";
    return { at: this.#at, from, text, line: number };
  }
}

/** The frame of a trace that does not keep it as it was. */
function frameText(object: JsonObject): string | undefined {
  const { messageType, messageId = "", action = "", payload = {}, error } = object;
  switch (messageType) {
    case "CALL":
      return stringifyJson([2, messageId, action, payload]);
    case "CALLRESULT":
      return stringifyJson([3, messageId, payload]);
    case "CALLERROR": {
      const { code = "GenericError", description = "", details = {} } = isJsonObject(error)
        ? error
        : {};
      return stringifyJson([4, messageId, code, description, details]);
    }
    default:
      return undefined;
  }
}

function objectIn(line: string): JsonObject | undefined {
  try {
    const value = JSON.parse(line) as JsonValue;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
