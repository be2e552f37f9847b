// Ways into the tree of a configuration file.

import type { Report, Tree, TreeMap } from "./document.ts";
import type { Path } from "./problem.ts";

/** A text and where it stands. */
export interface PlacedText {
  readonly path: Path;
  readonly text: string;
}

/** Whether there is a mapping. */
export function isMapping(tree: Tree | undefined): tree is TreeMap {
  return typeof tree === "object" && !Array.isArray(tree);
}

/** Whether there is a flag that is set. */
export function isOn(tree: Tree | undefined): boolean {
  return typeof tree === "string" && ["true", "yes", "on"].includes(tree.toLowerCase());
}

/** Everything at the end of a path in which `*` is any index. */
export function valuesAt(
  tree: Tree | undefined,
  pattern: readonly string[],
  path: Path = [],
): { path: Path; value: Tree }[] {
  const [key, ...rest] = pattern;
  if (tree === undefined) return [];
  if (key === undefined) return [{ path, value: tree }];
  if (key !== "*") return isMapping(tree) ? valuesAt(tree[key], rest, [...path, key]) : [];
  if (!Array.isArray(tree)) return [];
  return tree.flatMap((item, index) => valuesAt(item, rest, [...path, index]));
}

/** Every text at the end of such a path. */
export function texts(tree: TreeMap, pattern: readonly string[]): PlacedText[] {
  return valuesAt(tree, pattern)
    .flatMap(({ path, value }) => typeof value === "string" ? [{ path, text: value }] : []);
}

/** The ids of all backends, enabled or not. */
export function backendIds(root: TreeMap): ReadonlySet<string> {
  return new Set(
    [["backends", "*", "id"], ["ocpp_services", "*", "id"]]
      .flatMap((pattern) => texts(root, pattern)).map(({ text }) => text),
  );
}

/** Reports every text that was there before. */
export function reportRepeated(
  found: readonly PlacedText[],
  error: Report,
  message: string,
): void {
  const seen = new Set<string>();
  for (const { path, text } of found) {
    if (seen.has(text)) error(path, message);
    seen.add(text);
  }
}
