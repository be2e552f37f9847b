// Reads the lines of a recording; what has another shape than the core's own values is refused.

import * as v from "valibot";
import type { CoreConfiguration } from "../core/configuration.ts";
import type { Event } from "../core/event.ts";
import type { Snapshot } from "../core/record.ts";
import { compileRules } from "../core/rules.ts";
import type { State } from "../core/state.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../ocpp/json.ts";
import { decodeValue } from "./codec.ts";
import { configurationShape } from "./configuration_shape.ts";
import { eventShape } from "./event_shape.ts";
import { snapshotShape } from "./record_shape.ts";
import {
  isTime,
  type RecordedEvent,
  RECORDING_FORMAT,
  RECORDING_VERSION,
  type RecordingHeader,
} from "./recording_format.ts";
import { misshape } from "./shape.ts";

/** The rest of a state is as the version that wrote it had it. */
const stateShape = v.object({ configuration: configurationShape });

/** The header in a line; undefined: it is another file. Throws SyntaxError on a broken one. */
export function parseHeader(line: string): RecordingHeader | undefined {
  if (!line.includes(RECORDING_FORMAT)) return undefined;
  const object = parseObject(line);
  if (object.format !== RECORDING_FORMAT) return undefined;
  if (typeof object.version !== "number" || object.version > RECORDING_VERSION) {
    throw new SyntaxError(`a recording of version ${object.version} needs a newer ocpp-proxy`);
  }
  const { program, idTags, state } = object;
  return {
    at: timeIn(object),
    configuration: checked<CoreConfiguration>(
      configurationShape,
      object.configuration,
      "configuration",
    ),
    snapshot: checked<Snapshot>(snapshotShape, object.snapshot, "snapshot"),
    ...state !== undefined && { state: stateOf(checked<State>(stateShape, state, "state")) },
    program: String(program),
    idTags: idTags === "raw" ? "raw" : "pseudonyms",
  };
}

function stateOf(state: State): State {
  return { ...state, rules: compileRules(state.configuration.rules) };
}

/** The event in a line; throws SyntaxError where there is none. */
export function parseEvent(line: string): RecordedEvent {
  const object = parseObject(line);
  const { kept } = object;
  return {
    at: timeIn(object),
    event: checked<Event>(eventShape, object.event, "event"),
    ...typeof kept === "number" && { kept },
  };
}

/** The value itself, not a copy: what is shared in it stays so. */
function checked<Value>(schema: v.GenericSchema, coded: JsonValue | undefined, name: string) {
  const value = coded === undefined ? undefined : decodeValue(coded);
  const wrong = misshape(schema, value, name);
  if (wrong !== undefined) throw new SyntaxError(wrong);
  return value as Value;
}

function timeIn({ at }: JsonObject): number {
  if (isTime(at)) return at;
  throw new SyntaxError(at === undefined ? "at is missing" : "at is no time; expected epoch ms");
}

function parseObject(line: string): JsonObject {
  let value: JsonValue;
  try {
    // Every bigint is marked as one: what is a number here was a number there.
    value = JSON.parse(line);
  } catch {
    throw new SyntaxError("expected JSON, found something else or only a part of it");
  }
  if (!isJsonObject(value)) throw new SyntaxError("expected a JSON object");
  return value;
}
