// Valibot schemas as JSON Schema, as far as the shapes of the routes use them.

import type { GenericSchema } from "valibot";

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 has it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The parts of valibot's schemas and actions that are looked at. */
interface Node {
  readonly type: string;
  readonly kind: string;
  readonly pipe?: readonly Node[];
  readonly wrapped?: Node;
  readonly item?: Node;
  readonly value?: Node;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly options?: readonly (string | Node)[];
  readonly requirement?: number;
  readonly description?: string;
}

/** Throws TypeError for what no shape of ours has. */
export function jsonSchema(schema: GenericSchema): JsonSchema {
  return ofNode(schema as unknown as Node);
}

function ofNode(node: Node): JsonSchema {
  if (node.pipe === undefined) return plain(node);
  return Object.assign(
    {},
    ...node.pipe.map((part) => part.kind === "schema" ? plain(part) : constraint(part)),
  );
}

function plain(node: Node): JsonSchema {
  switch (node.type) {
    case "string":
    case "number":
    case "boolean":
      return { type: node.type };
    case "unknown":
      return {};
    case "picklist":
      return { type: "string", enum: node.options };
    case "nullable":
      return nullable(ofNode(node.wrapped!));
    case "optional":
      return ofNode(node.wrapped!);
    case "union":
      return { anyOf: (node.options as readonly Node[]).map(ofNode) };
    case "array":
      return { type: "array", items: ofNode(node.item!) };
    case "record":
      return { type: "object", additionalProperties: ofNode(node.value!) };
    case "object":
    case "loose_object":
      return object(node);
    case "strict_object":
      return { ...object(node), additionalProperties: false };
    default:
      throw new TypeError(`no JSON Schema for ${node.type}`);
  }
}

function object({ entries = {} }: Node): JsonSchema {
  const named = Object.entries(entries);
  const required = named.filter(([, { type }]) => type !== "optional").map(([name]) => name);
  return {
    type: "object",
    properties: Object.fromEntries(named.map(([name, node]) => [name, ofNode(node)])),
    ...required.length > 0 && { required },
  };
}

function nullable(schema: JsonSchema): JsonSchema {
  const { type, enum: members, ...rest } = schema;
  if (typeof type !== "string") return { anyOf: [schema, { type: "null" }] };
  return {
    type: [type, "null"],
    ...Array.isArray(members) && { enum: [...members, null] },
    ...rest,
  };
}

/** What an action of a pipe adds; transformations and checks in code add nothing. */
function constraint({ type, requirement, description }: Node): JsonSchema {
  switch (type) {
    case "min_value":
      return { minimum: requirement };
    case "max_value":
      return { maximum: requirement };
    case "max_length":
      return { maxLength: requirement };
    case "integer":
      return { type: "integer" };
    case "description":
      return { description };
    default:
      return {};
  }
}
