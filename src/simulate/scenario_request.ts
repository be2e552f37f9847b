// The payloads of a scenario's commands: written in YAML, where every value is text.

import type { Tree } from "../config/document.ts";
import type { FieldKind } from "../ocpp/field.ts";
import type { JsonObject, JsonValue } from "../ocpp/json.ts";
import { REQUESTS } from "../ocpp/message.ts";
import { formatTime } from "../ocpp/time.ts";
import type { Action } from "../ocpp/types.ts";

/** What `$transaction` and `$now` stand for. */
export interface Variables {
  /** The backend's id of its latest transaction. */
  readonly transaction: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The request that was written, with numbers and flags where the message has them. */
export function requestOf(action: Action, written: Tree, variables: Variables): JsonObject {
  const { fields } = REQUESTS[action];
  const tree = typeof written === "object" && !Array.isArray(written) ? written : {};
  return record(tree, fields, variables);
}

type Fields = Extract<FieldKind, { type: "record" }>["fields"];

function record(
  tree: { readonly [key: string]: Tree },
  fields: Fields,
  variables: Variables,
): JsonObject {
  return Object.fromEntries(
    Object.entries(tree).map((
      [key, value],
    ) => [key, read(value, fields.get(key)?.field, variables)]),
  );
}

/** What does not fit the field stays as it was written: the check of the message says so. */
function read(tree: Tree, field: FieldKind | undefined, variables: Variables): JsonValue {
  if (Array.isArray(tree)) {
    const item = field?.type === "list" ? field.item : undefined;
    return tree.map((value) => read(value, item, variables));
  }
  if (typeof tree === "object") {
    return record(tree, field?.type === "record" ? field.fields : new Map(), variables);
  }
  switch (field?.type) {
    case "integer":
    case "int64":
    case "decimal":
      if (tree === "$transaction") return variables.transaction;
      return /^-?\d+(?:\.\d+)?$/.test(tree) ? Number(tree) : tree;
    case "boolean":
      return tree === "true" || tree === "false" ? tree === "true" : tree;
    case "time":
      return tree === "$now" ? formatTime(variables.now) : tree;
    default:
      return tree;
  }
}
