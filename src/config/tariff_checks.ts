// Tariffs: names that are there, and periods of validity that follow each other.

import type { Report, TreeMap } from "./document.ts";
import { didYouMean } from "./nearest.ts";
import type { Path } from "./problem.ts";
import { isMapping, texts, valuesAt } from "./tree.ts";

/** One period of a tariff, as dates that can be compared as text; the end is excluded. */
interface Period {
  readonly path: Path;
  readonly name: string;
  readonly from: string;
  readonly until: string;
}

/** Checks tariffs as far as their values have the right form. */
export function checkTariffs(root: TreeMap, error: Report): void {
  const names = new Set(texts(root, ["tariffs", "*", "name"]).map(({ text }) => text));
  const users = [["backends", "*", "tariff"], ["household", "tariff"]];
  for (const { path, text } of users.flatMap((pattern) => texts(root, pattern))) {
    if (!names.has(text)) error(path, `there is no tariff '${text}'${didYouMean(text, names)}`);
  }
  const { household } = root;
  if (isMapping(household) && "tariff" in household && "price_sensor" in household) {
    error(
      ["household", "price_sensor"],
      "a tariff is there too; expected only one of tariff and price_sensor",
    );
  }
  const periods: Period[] = [];
  for (const { path, value } of valuesAt(root, ["tariffs", "*"])) {
    if (!isMapping(value) || typeof value["name"] !== "string") continue;
    const { name, valid_from: from = "", valid_until: until = "9999" } = value;
    if (typeof from !== "string" || typeof until !== "string") continue;
    if (until <= from) error([...path, "valid_until"], "is not after valid_from");
    const other = periods.find((item) =>
      item.name === name && item.from < until && from < item.until
    );
    if (other !== undefined) {
      error(
        [...path, "valid_from" in value ? "valid_from" : "name"],
        `tariff '${name}' is valid at the same time as the one before it; expected valid_until ` +
          "there, and valid_from here",
      );
    }
    periods.push({ path, name, from, until });
  }
}
