// Keys that no part of the configuration has.

import * as v from "valibot";
import type { ConfigurationDocument, Report } from "./document.ts";
import { didYouMean } from "./nearest.ts";
import { type Path, pathText } from "./problem.ts";
import { SCHEMA } from "./schema.ts";
import { SECRET_KEYS } from "./secrets.ts";

/** The parts of a schema that lead on to others. */
type SchemaNode = {
  readonly type: string;
  readonly entries?: Readonly<Record<string, SchemaNode>>;
  readonly item?: SchemaNode;
  readonly wrapped?: SchemaNode;
  readonly options?: readonly unknown[];
  readonly pipe?: readonly SchemaNode[];
};

/** Reports every key that the schema does not know, with the one that was meant. */
export function reportUnknownKeys(document: ConfigurationDocument, report: Report): void {
  for (const { path, place } of document.keys) {
    const key = String(path.at(-1));
    const known = knownKeys(path.slice(0, -1));
    if (known === undefined || known.includes(key)) continue;
    report(path, `there is no such key${hint(path, key, known)}`, place);
  }
}

/** The keys of the mapping at a path; undefined where the schema knows of no mapping. */
export function knownKeys(path: Path): readonly string[] | undefined {
  const entries = nodeAt(path)?.entries;
  if (entries === undefined) return undefined;
  const keys = Object.keys(entries);
  const files = SECRET_KEYS.filter((key) => keys.includes(key)).map((key) => `${key}_file`);
  return [...keys, ...files];
}

/** What the schema expects at a path, in words. */
export function expectedAt(path: Path): string {
  const node = nodeAt(path);
  if (node === undefined) return "nothing";
  return v.safeParse(node as unknown as v.GenericSchema, undefined).issues?.[0].message ??
    "a value";
}

function nodeAt(path: Path): SchemaNode | undefined {
  let node: SchemaNode | undefined = mappingOf(SCHEMA as v.GenericSchema as SchemaNode);
  for (const key of path) {
    node = mappingOf(typeof key === "number" ? node?.item : own(node?.entries, key));
  }
  return node;
}

function own(
  entries: Readonly<Record<string, SchemaNode>> | undefined,
  key: string,
): SchemaNode | undefined {
  return entries !== undefined && Object.hasOwn(entries, key) ? entries[key] : undefined;
}

/** Unwraps `optional`, the mapping in a pipe, and the mapping among the alternatives of a `union`. */
function mappingOf(node: SchemaNode | undefined): SchemaNode | undefined {
  if (node?.wrapped) return mappingOf(node.wrapped);
  if (node?.pipe) return node.pipe.find((step) => step.entries !== undefined) ?? node.pipe[0];
  if (node?.type !== "union") return node;
  return (node.options as readonly SchemaNode[]).map(mappingOf)
    .find((option) => option?.entries !== undefined);
}

/** The nearest key of the same mapping, else the other places where this very key belongs. */
function hint(path: Path, key: string, known: readonly string[]): string {
  const meant = didYouMean(key, known);
  if (meant !== "") return meant;
  const sections = (knownKeys([]) ?? []).filter((name) =>
    pathText(path) !== `${name}.${key}` &&
    (knownKeys([name]) ?? knownKeys([name, 0]))?.includes(key)
  );
  if (sections.length > 0) return `; it belongs under '${sections.join("' or '")}'`;
  return path.length > 1 && known.length > 0 ? `; there are ${known.join(", ")}` : "";
}
