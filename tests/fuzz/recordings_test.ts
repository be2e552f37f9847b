// Recordings, traces and logs with broken lines: replay says what and where, and never throws.

import assert from "node:assert/strict";
import fc from "fast-check";
import { replay } from "../../src/cli/replay.ts";
import { campaign } from "./budget.ts";
import { type Damage, damage, damaged } from "./frames.ts";

const read = (path: string) => Deno.readTextFileSync(new URL(`../${path}`, import.meta.url));

/** The beginnings of one file of each kind. */
const FILES: readonly (readonly string[])[] = [
  "recordings/household-cards.jsonl",
  "recordings/frame-numeric-id.jsonl",
  "corpora/recorded/OOCP-1.trace.jsonl",
  "recordings/log-arrows.log",
].map((path) => read(path).split("\n").slice(0, 40));

type Edit =
  | { readonly type: "damage"; readonly line: number; readonly damage: Damage }
  | { readonly type: "drop" | "twice" | "cut"; readonly line: number }
  /** One value of the line's JSON becomes another one. */
  | { readonly type: "value"; readonly line: number; readonly at: number; readonly value: unknown };

/** The first line matters most. */
const line = fc.oneof(fc.constant(0), fc.nat(39));

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ type: fc.constant("damage" as const), line, damage }),
  fc.record({
    type: fc.constantFrom("drop" as const, "twice" as const, "cut" as const),
    line,
  }),
  fc.record({
    type: fc.constant("value" as const),
    line,
    at: fc.nat(),
    value: fc.oneof(
      fc.constantFrom<unknown>(null, 0, -1, 1e300, "", [], {}, { $map: [] }, { $same: 9 }, [null]),
      fc.jsonValue({ maxDepth: 1 }),
    ),
  }),
);

const broken = fc.tuple(
  fc.constantFrom(...FILES),
  fc.array(edit, { minLength: 1, maxLength: 3 }),
).map(([lines, edits]) => edits.reduce(edited, lines).join("\n"));

function edited(lines: readonly string[], edit: Edit): readonly string[] {
  // Dropped, one and all.
  if (lines.length === 0) return lines;
  const place = edit.line % lines.length;
  const line = lines[place] ?? "";
  switch (edit.type) {
    case "damage":
      return lines.with(place, damaged(line, [edit.damage]));
    case "drop":
      return lines.toSpliced(place, 1);
    case "twice":
      return lines.toSpliced(place, 0, line);
    case "cut":
      return [...lines.slice(0, place), line.slice(0, line.length / 2)];
    case "value":
      return lines.with(place, withValue(line, edit.at, edit.value));
    default:
      return edit satisfies never;
  }
}

function withValue(line: string, at: number, value: unknown): string {
  let root: unknown;
  try {
    root = JSON.parse(line);
  } catch {
    return line;
  }
  const places: [Record<string, unknown>, string][] = [];
  const collect = (holder: unknown) => {
    if (typeof holder !== "object" || holder === null) return;
    for (const [key, item] of Object.entries(holder)) {
      places.push([holder as Record<string, unknown>, key]);
      collect(item);
    }
  };
  collect(root);
  const [holder, key] = places[at % places.length] ?? [];
  if (holder !== undefined && key !== undefined) holder[key] = value;
  return JSON.stringify(root);
}

/** Where a broken file is said to be broken, or what it lacks as a whole. */
const PLACED = /:\d+: .|there is no frame in it|the first line of the recording is missing/;

async function check(text: string): Promise<void> {
  const path = await Deno.makeTempFile();
  const errors: string[] = [];
  try {
    await Deno.writeTextFile(path, text);
    const code = await replay({ update: false, quiet: false } as Flags, {
      out: () => true,
      error: (text: string) => void errors.push(text),
    } as unknown as Context, path);
    if (code === 1) assert.match(errors.join("\n"), PLACED);
    else assert.equal(code, 0, errors.join("\n"));
  } finally {
    await Deno.remove(path);
  }
}

type Flags = Parameters<typeof replay>[0];
type Context = Parameters<typeof replay>[1];

Deno.test("a time thousands of years ahead is not waited for", () => {
  const lines = read("recordings/log-arrows.log").split("\n");
  return check(lines.with(3, lines[3]!.replace(/^2026/, "9026")).join("\n"));
});

Deno.test("a time that no calendar has is told with its line", () => {
  const [header = "", ...events] = read("recordings/frame-numeric-id.jsonl").split("\n");
  return check([header.replace(/"at":\d+/, '"at":1e300'), ...events].join("\n"));
});

Deno.test("whatever is wrong with a recording, replay says what and where", () =>
  campaign(fc.asyncProperty(broken, check), 500));
