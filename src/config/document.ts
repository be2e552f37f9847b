// A YAML (or JSON) text as a tree of strings, lists and mappings that knows where each value stands.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLError,
} from "yaml";
import { type Path, pathText, type Place } from "./problem.ts";

/** Every scalar is the text that was written: the schema says which are numbers. */
export type Tree = string | Tree[] | TreeMap;
export type TreeMap = { [key: string]: Tree };

/** Takes note of something wrong at a path. */
export type Report = (path: Path, message: string, place?: Place) => void;

export interface ConfigurationDocument {
  /** Values left empty or `null` are absent. */
  readonly root: TreeMap;
  /** Every key that was written, in its order, also those without a value. */
  readonly keys: readonly { readonly path: Path; readonly place: Place }[];
  /** Where a value stands; for one that is not there, where the mapping around it stands. */
  placeOf(path: Path): Place;
  /**
   * Where a character of the text at a path stands, also in a block of several lines; the beginning
   * of the value where it was written with escapes or variables.
   */
  placeIn(path: Path, text: string, offset: number): Place;
}

/** Values taken from one file; more is a mistake or an attack by aliases of aliases. */
export const MAX_VALUES = 20_000;
const MAX_DEPTH = 16;

const START: Place = { line: 1, column: 1 };
const QUOTE = '; between { } or [ ] a variable needs quotes: "${NAME}"';
const EMPTY = /^(?:|~|null|Null|NULL)$/;

/** Reads the text; what is not YAML, or not a mapping, is reported. */
export function readDocument(text: string, report: Report): ConfigurationDocument {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, {
    schema: "failsafe",
    lineCounter,
    prettyErrors: false,
    // A second document is an error only where errors are not silent.
    logLevel: "error",
    // The library compares each key with every other one: see #map.
    uniqueKeys: false,
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return line === 0 ? START : { line, column: col };
  };
  let reportedLine = 0;
  for (const error of [...document.errors, ...document.warnings]) {
    const place = placeAt(error.pos[0]);
    // What follows on the same line mostly follows from it.
    if (place.line === reportedLine) continue;
    reportedLine = place.line;
    const unquoted = text.split("\n")[place.line - 1]?.includes("${") ? QUOTE : "";
    report([], syntaxMessage(error) + unquoted, place);
  }
  if (document.errors.length > 0) {
    return { root: {}, keys: [], placeOf: () => START, placeIn: () => START };
  }
  return new Reader(document, text, placeAt, report).read();
}

class Reader {
  readonly #places = new Map<string, Place>();
  readonly #scalars = new Map<string, Scalar>();
  readonly #keys: { path: Path; place: Place }[] = [];
  /** What an alias stands for, so far; the library looks through the whole document each time. */
  readonly #anchors = new Map<string, Node>();
  #values = 0;

  constructor(
    readonly document: Document.Parsed,
    readonly text: string,
    readonly placeAt: (offset: number) => Place,
    readonly report: Report,
  ) {}

  read(): ConfigurationDocument {
    const { contents } = this.document;
    const root = contents === null ? undefined : this.#tree(contents, []);
    if (root !== undefined && (typeof root === "string" || Array.isArray(root))) {
      this.report([], "expected a mapping, as `key: value` lines", START);
    }
    return {
      root: typeof root === "object" && !Array.isArray(root) ? root : {},
      keys: this.#keys,
      placeOf: (path) => this.#placeOf(path),
      placeIn: (path, text, offset) => {
        const scalar = this.#scalars.get(pathText(path));
        const at = scalar && writtenAt(this.text, scalar, text, offset);
        return at === undefined ? this.#placeOf(path) : this.placeAt(at);
      },
    };
  }

  #placeOf(path: Path): Place {
    for (let length = path.length; length > 0; length--) {
      const text = pathText(path.slice(0, length));
      // What stands in a file stands, here, where the file is named.
      const place = this.#places.get(text) ?? this.#places.get(`${text}_file`);
      if (place) return place;
    }
    return START;
  }

  #tree(node: Node | null, path: Path): Tree | undefined {
    const place = this.placeAt(node?.range?.[0] ?? 0);
    this.#places.set(pathText(path), place);
    this.#values++;
    if (this.#values === MAX_VALUES || path.length > MAX_DEPTH) {
      this.report(path, `too many values; at most ${MAX_VALUES}, nested ${MAX_DEPTH} deep`, place);
    }
    if (this.#values >= MAX_VALUES || path.length > MAX_DEPTH) return undefined;
    if (isAlias(node)) return this.#tree(this.#anchors.get(node.source) ?? null, path);
    if (node?.anchor) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) {
      const value = String(node.value);
      this.#scalars.set(pathText(path), node);
      return node.type === "PLAIN" && EMPTY.test(value) ? undefined : value;
    }
    if (isSeq<Node>(node)) {
      return node.items.map((item, index) => this.#tree(item, [...path, index]) ?? "");
    }
    return isMap<Node, Node | null>(node) ? this.#map(node.items, path) : undefined;
  }

  #map(items: readonly { key: Node; value: Node | null }[], path: Path): TreeMap {
    const map: TreeMap = Object.create(null);
    const names = new Set<string>();
    for (const { key, value } of items) {
      const keyPlace = this.placeAt(key.range?.[0] ?? 0);
      if (!isScalar(key)) {
        this.report(path, "expected a key that is text", keyPlace);
        continue;
      }
      if (this.#values >= MAX_VALUES) break;
      if (key.anchor) this.#anchors.set(key.anchor, key);
      const name = String(key.value);
      if (names.has(name)) {
        this.report([], "the same key stands twice in this mapping", keyPlace);
        continue;
      }
      names.add(name);
      const keyPath = [...path, name];
      this.#keys.push({ path: keyPath, place: keyPlace });
      const tree = this.#tree(value, keyPath);
      if (tree === undefined) this.#places.set(pathText(keyPath), keyPlace);
      else map[name] = tree;
    }
    return map;
  }
}

/** Where a character of a scalar's text was written; undefined where it was written otherwise. */
function writtenAt(
  source: string,
  { type, range }: Scalar,
  text: string,
  offset: number,
): number | undefined {
  if (!range) return undefined;
  const [begin, end] = range;
  const isBlock = type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED";
  const isQuoted = type === "QUOTE_DOUBLE" || type === "QUOTE_SINGLE";
  const first = isBlock ? source.indexOf("\n", begin) + 1 : isQuoted ? begin + 1 : begin;
  const last = isQuoted ? end - 1 : end;
  // Folding and indenting change white space and nothing else.
  const squeezed = (part: string) => part.replace(/\s/g, "");
  if (squeezed(source.slice(first, last)) !== squeezed(text)) return undefined;
  const before = squeezed(text.slice(0, offset)).length;
  const atEnd = before === squeezed(text).length;
  let left = atEnd ? before - 1 : before;
  for (let at = first; at < last; at++) {
    if (/\s/.test(source.charAt(at))) continue;
    if (left === 0) return atEnd ? at + 1 : at;
    left--;
  }
  return first;
}

/** Our own words: the library's may quote the text, and with it a secret. */
function syntaxMessage(error: YAMLError): string {
  switch (error.code) {
    case "TAB_AS_INDENT":
      return "a tab indents this line; expected spaces";
    case "BAD_INDENT":
      return "the indentation does not fit, or a bracket is still open";
    case "MULTIPLE_DOCS":
      return "a second document begins here; expected only one";
    case "TAG_RESOLVE_FAILED":
      return "tags such as !secret mean nothing here; a secret is ${NAME} or in a …_file";
    case "BAD_ALIAS":
      return "this alias names no anchor";
    default:
      return `this is not YAML (${error.code.toLowerCase().replaceAll("_", " ")})`;
  }
}
