// Rules and facts: expressions with a place for every mistake, and keys that fit each other.

import { ROLES } from "../core/configuration.ts";
import { MAX_FACTS } from "../core/fact.ts";
import { checkExpression, comparedTexts, factsIn } from "../core/rule_expression.ts";
import { CHARGE_POINT_STATUSES } from "../ocpp/vocabulary.ts";
import type { ConfigurationDocument, Report, TreeMap } from "./document.ts";
import { didYouMean } from "./nearest.ts";
import type { Path } from "./problem.ts";
import { backendIds, isMapping, isOn, reportRepeated, texts, valuesAt } from "./tree.ts";

/** What checks work with. */
interface Checking {
  readonly root: TreeMap;
  readonly document: ConfigurationDocument;
  readonly error: Report;
  readonly warning: Report;
}

/** Keys of a rule under which it does not always apply. */
const CONDITIONS = [
  "when",
  "backends",
  "hours",
  "weekdays",
  "presence_sensor",
  "max_energy_kwh_per_day",
  "max_sessions_per_day",
];

/** Checks rules and facts as far as their values have the right form. */
export function checkRules(checking: Checking): void {
  const { root, error, warning } = checking;
  reportRepeated(texts(root, ["rules", "*", "name"]), error, "is the name of another rule");
  reportRepeated(texts(root, ["facts", "*", "name"]), error, "is listed already");
  let always: string | undefined;
  for (const { path, value } of valuesAt(root, ["rules", "*"])) {
    if (!isMapping(value)) continue;
    if (always !== undefined) {
      warning(path, `is never reached: ${always} before it has no condition`);
      break;
    }
    if (CONDITIONS.some((key) => key in value)) continue;
    always = typeof value["name"] === "string" ? `rule '${value["name"]}'` : "the rule";
  }
  for (const { path, value } of valuesAt(root, ["rules", "*"])) {
    if (!isMapping(value)) continue;
    checkKeys(value, path, error);
    const { when } = value;
    if (typeof when === "string") checkWhen(checking, [...path, "when"], when);
  }
  checkBackends(checking);
  checkNumberOfFacts(root, error);
}

/** Keys that mean nothing, or are missing, with what the rule does. */
function checkKeys(rule: TreeMap, path: Path, error: Report): void {
  const limits = rule["then"] === "limit";
  const asks = rule["then"] === "ask";
  const asksUnknown = rule["on_unknown"] === "ask";
  if (limits && !("current_a" in rule)) error([...path, "then"], "limit needs current_a");
  if (!limits && "current_a" in rule) {
    error([...path, "current_a"], "means nothing without then: limit");
  }
  if (!limits && rule["on_unknown"] === "limit") {
    error([...path, "on_unknown"], "limit needs then: limit and its current_a");
  }
  if (!asks && !asksUnknown && "ask_timeout_s" in rule) {
    error([...path, "ask_timeout_s"], "means nothing without then: ask or on_unknown: ask");
  }
  if (!asks && rule["default"] === "allow" && asksUnknown) {
    error([...path, "default"], "what is unknown is not allowed by silence; expected deny");
  } else if (!asks && !asksUnknown && "default" in rule) {
    error([...path, "default"], "means nothing without then: ask or on_unknown: ask");
  }
}

function checkWhen({ root, document, error, warning }: Checking, path: Path, when: string): void {
  const placeIn = (offset: number) => document.placeIn(path, when, offset);
  const problem = checkExpression(when);
  if (problem !== undefined) {
    const { unknown } = problem;
    const hint = unknown ? didYouMean(unknown.word, unknown.known) : "";
    return error(path, `${problem.message}${hint}`, placeIn(problem.offset));
  }
  const ids = backendIds(root);
  const words: Readonly<Record<string, Iterable<string>>> = {
    role: Object.keys(ROLES),
    status: CHARGE_POINT_STATUSES,
  };
  for (const { variable, text, offset } of comparedTexts(when)) {
    if (variable === "backend") {
      if (ids.has(text) || isOn(root["allow_unknown_backends"])) continue;
      const meant = didYouMean(text, ids);
      warning(path, `there is no backend '${text}'${meant}`, placeIn(offset));
    } else if (Object.hasOwn(words, variable) && text !== "") {
      const known = [...words[variable] ?? []];
      if (known.includes(text)) continue;
      const hint = didYouMean(text, known) || `; expected one of ${known.join(", ")}`;
      error(path, `there is no ${variable} '${text}'${hint}`, placeIn(offset));
    }
  }
}

function checkBackends({ root, error }: Checking): void {
  if (isOn(root["allow_unknown_backends"])) return;
  const ids = backendIds(root);
  for (const { path, text } of texts(root, ["rules", "*", "backends", "*"])) {
    if (!ids.has(text)) error(path, `there is no backend '${text}'${didYouMean(text, ids)}`);
  }
}

function checkNumberOfFacts(root: TreeMap, error: Report): void {
  const patterns = [
    ["facts", "*", "name"],
    ["rules", "*", "presence_sensor"],
    ["presence_sensor"],
    ["override_input_boolean"],
    ["household", "price_sensor"],
  ];
  const names = new Set([
    ...patterns.flatMap((pattern) => texts(root, pattern)).map(({ text }) => text),
    ...texts(root, ["rules", "*", "when"]).flatMap(({ text }) => factsIn(text)),
  ]);
  if (names.size > MAX_FACTS) {
    const key = "facts" in root ? "facts" : "rules";
    error([key], `${names.size} facts are listed or named by rules; expected at most ${MAX_FACTS}`);
  }
}
