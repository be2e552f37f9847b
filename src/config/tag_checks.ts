// Id tags: each stands in the table once, belongs to one, and is sent to one backend as one other.

import { comparable } from "../core/id_tag.ts";
import type { Report, TreeMap } from "./document.ts";
import { didYouMean } from "./nearest.ts";
import {
  backendIds,
  isMapping,
  isOn,
  type PlacedText,
  reportRepeated,
  texts,
  valuesAt,
} from "./tree.ts";

/** Checks the table of id tags as a whole. */
export function checkTags(root: TreeMap, error: Report): void {
  const tags = texts(root, ["id_tags", "*", "tag"])
    .map(({ path, text }) => ({ path, text: comparable(text) }));
  reportRepeated(tags, error, "stands in the table already");
  const ids = backendIds(root);
  const names = [["id_tags", "*", "backend"], ["id_tags", "*", "send_as", "*", "backend"]];
  for (const { path, text } of names.flatMap((pattern) => texts(root, pattern))) {
    if (!ids.has(text)) error(path, `there is no backend '${text}'${didYouMean(text, ids)}`);
  }
  const sent: PlacedText[] = [];
  for (const { path, value } of valuesAt(root, ["id_tags", "*"])) {
    if (!isMapping(value)) continue;
    if (isOn(value["owner"]) && "backend" in value) {
      error([...path, "backend"], "the tag is the owner's; expected only one of backend and owner");
    }
    const rows = valuesAt(value, ["send_as", "*"], path).filter(({ value }) => isMapping(value));
    const backends = rows.flatMap(({ path, value }) => {
      const backend = isMapping(value) ? value["backend"] : undefined;
      return typeof backend === "string" ? [{ path: [...path, "backend"], text: backend }] : [];
    });
    reportRepeated(backends, error, "gets another tag already; expected one for each backend");
    for (const { path, value } of rows) {
      const { backend, tag } = isMapping(value) ? value : {};
      if (typeof backend !== "string" || typeof tag !== "string") continue;
      sent.push({ path: [...path, "tag"], text: JSON.stringify([backend, comparable(tag)]) });
    }
  }
  reportRepeated(
    sent,
    error,
    "is what this backend knows another tag by; nobody could tell the two apart",
  );
}
