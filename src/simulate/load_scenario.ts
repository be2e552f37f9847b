// Reads a scenario and says everything that is wrong with it at once, with line and column.

import * as v from "valibot";
import { readDocument, type Report, type TreeMap } from "../config/document.ts";
import { didYouMean } from "../config/nearest.ts";
import type { Path, Place, Problem } from "../config/problem.ts";
import { isAction } from "../ocpp/action.ts";
import { checkRequest } from "../ocpp/validate.ts";
import { QUIRK_NAMES, quirksNamed } from "./quirk_list.ts";
import type { Act, Scenario, Step } from "./scenario.ts";
import { requestOf } from "./scenario_request.ts";
import { ACTS, SCENARIO_KEYS, SCENARIO_SCHEMA, type WrittenStep } from "./scenario_schema.ts";

/** A scenario, or why there is none. */
export type LoadedScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  | { readonly ok: false; readonly problems: readonly Problem[] };

type Written = v.InferOutput<typeof SCENARIO_SCHEMA>;

/** Longest scenario file, in characters. */
export const MAX_SCENARIO_LENGTH = 256 * 1024;

/** The scenario in a text; `file` names it in problems. */
export function parseScenario(text: string, file: string): LoadedScenario {
  const problems: Problem[] = [];
  let placeOf = (_path: Path): Place => ({ line: 1, column: 1 });
  const error: Report = (path, message, place = placeOf(path)) => {
    problems.push({ severity: "error", file, place, path, message });
  };
  if (text.length > MAX_SCENARIO_LENGTH) {
    error([], `the scenario is longer than ${MAX_SCENARIO_LENGTH} characters`);
    return { ok: false, problems };
  }
  const document = readDocument(text, error);
  placeOf = (path) => document.placeOf(path);
  if (problems.length > 0) return { ok: false, problems };
  const checked = v.safeParse(SCENARIO_SCHEMA, document.root);
  for (const issue of checked.issues ?? []) reportIssue(issue, error, document.root);
  if (!checked.success) return { ok: false, problems: inOrder(problems) };
  const steps = checked.output.steps.map((step, index) =>
    readStep(step, index, checked.output, error)
  );
  const quirks = checked.output.charger.quirks.flatMap((name, index) => {
    const named = quirksNamed(name);
    if (named.length === 0) {
      error(
        ["charger", "quirks", index],
        `there is no quirk '${name}'${didYouMean(name, QUIRK_NAMES)}`,
      );
    }
    return named;
  });
  if (problems.length > 0) return { ok: false, problems: inOrder(problems) };
  return { ok: true, scenario: scenarioOf(checked.output, steps, quirks) };
}

/** As they stand in the file. */
function inOrder(problems: readonly Problem[]): Problem[] {
  const at = ({ place }: Problem) => (place?.line ?? 0) * 1_000_000 + (place?.column ?? 0);
  return problems.toSorted((one, other) => at(one) - at(other));
}

function reportIssue(issue: v.BaseIssue<unknown>, error: Report, root: TreeMap): void {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  const unknown = issue.type === "strict_object" && issue.expected === "never";
  const absent = issue.type === "strict_object" && issue.expected !== "Object";
  const key = String(path.at(-1));
  if (unknown) {
    const around = path.slice(0, -1).filter((part) => typeof part === "string").join(".");
    error(path, `there is no such key${didYouMean(key, SCENARIO_KEYS[around] ?? [])}`);
  } else if (absent) {
    error(path, "is missing");
  } else {
    const shown = path.reduce<unknown>(
      (value, part) => (value as Readonly<Record<string | number, unknown>> | undefined)?.[part],
      root,
    );
    error(path, `${typeof shown === "string" ? `'${shown}': ` : ""}expected ${issue.message}`);
  }
}

function readStep(
  step: WrittenStep,
  index: number,
  written: Written,
  error: Report,
): Step | undefined {
  const path: Path = ["steps", index];
  const acts = Object.keys(ACTS).filter((key): key is keyof typeof ACTS => key in step);
  const [act] = acts;
  if ((step.at === undefined) === (step.after === undefined)) {
    error(path, "expected either `at` or `after`: when it happens");
    return undefined;
  }
  if (act === undefined || acts.length > 1) {
    const found = acts.length > 1 ? `${acts.join(" and ")} are two steps; ` : "";
    error(path, `${found}expected one of ${Object.keys(ACTS).join(", ")}`);
    return undefined;
  }
  const beside: readonly string[] = ["at", "after", act, ...ACTS[act]];
  for (const key of Object.keys(step).filter((one) => !beside.includes(one))) {
    error([...path, key], `does not go with \`${act}\``);
  }
  const connector = step.plug ?? step.unplug ?? step.repair ?? step.connector ?? 1;
  if (connector > written.charger.connectors) {
    error(path, `there is no connector ${connector}; see charger.connectors`);
  }
  const read = actOf(act, step, connector, path, written, error);
  if (!read) return undefined;
  const when = step.at === undefined
    ? { type: "after" as const, ms: step.after ?? 0 }
    : { type: "at" as const, minuteOfDay: step.at };
  return { when, act: read };
}

function actOf(
  act: keyof typeof ACTS,
  step: WrittenStep,
  connector: number,
  path: Path,
  written: Written,
  error: Report,
): Act | undefined {
  switch (act) {
    case "plug": {
      const { battery_kwh = 58, charge_percent = 34, power_kw = 11 } = step.car ?? {};
      const car = {
        batteryWh: battery_kwh * 1_000,
        stateOfCharge: charge_percent / 100,
        maximumPowerW: power_kw * 1_000,
      };
      return { type: "plug", connector, car };
    }
    case "unplug":
    case "repair":
      return { type: act, connector };
    case "tag":
      return { type: "tag", connector, idTag: step.tag ?? "" };
    case "network":
      return { type: "network", to: step.network ?? "offline" };
    case "reboot":
      return { type: "restart", kind: step.reboot === "soft" ? "Soft" : "Hard" };
    case "fault":
      return { type: "fault", connector, code: step.fault ?? "OtherError" };
    case "meter_jump_wh":
      return { type: "meter", connector, byWh: step.meter_jump_wh ?? 0 };
    case "say":
      return { type: "say", text: step.say ?? "" };
    case "behaves":
    case "send": {
      const backend = backendOf(step, path, written, error);
      if (backend === undefined) return undefined;
      if (act === "behaves") return { type: "behave", backend, name: step.behaves ?? "good" };
      return sendOf(backend, step, path, error);
    }
  }
}

function backendOf(
  { backend }: WrittenStep,
  path: Path,
  { backends }: Written,
  error: Report,
): string | undefined {
  if (backend === undefined) {
    error(path, "expected a `backend`: who does it");
    return undefined;
  }
  const ids = backends.map(({ id }) => id);
  if (ids.includes(backend)) return backend;
  error([...path, "backend"], `there is no backend '${backend}'${didYouMean(backend, ids)}`);
  return undefined;
}

function sendOf(backend: string, step: WrittenStep, path: Path, error: Report): Act | undefined {
  const action = step.send ?? "";
  if (!isAction(action)) {
    error([...path, "send"], `'${action}' is no message of OCPP 1.6`);
    return undefined;
  }
  const payload = step.payload ?? {};
  const checked = checkRequest(action, requestOf(action, payload, { transaction: 1, now: 0 }));
  if (checked.ok) return { type: "send", backend, action, payload };
  const { fault } = checked;
  const inside = fault.path.match(/[^.[\]]+/g)?.map((part) => /^\d+$/.test(part) ? +part : part);
  const message = fault.message.replace(`${fault.path} `, "");
  error([...path, "payload", ...inside ?? []], message);
  return undefined;
}

function scenarioOf(
  written: Written,
  steps: readonly (Step | undefined)[],
  quirks: Scenario["quirks"],
): Scenario {
  const { name, about, starts, speed, charger, backends } = written;
  return {
    name,
    about,
    startMinute: starts,
    timeZone: written.time_zone ?? Temporal.Now.timeZoneId(),
    speed,
    connectors: charger.connectors,
    quirks,
    settings: charger.settings,
    backends: backends.map(({ id, token, behaves }) => ({ id, token, behaves })),
    steps: steps.filter((step) => step !== undefined),
  };
}
