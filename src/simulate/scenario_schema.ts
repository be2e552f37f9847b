// The schema of a scenario file: its keys, their values, and which keys of a step go together.

import * as v from "valibot";
import {
  choice,
  decimal,
  list,
  mapping,
  matching,
  section,
  text,
  wholeNumber,
} from "../config/field.ts";
import { timeZone } from "../config/field.ts";
import { ERROR_CODES } from "../ocpp/vocabulary.ts";
import { BEHAVIOUR_NAMES } from "./behaviour.ts";
import type { Fault } from "./connector.ts";

/** Connectors of a simulated charger, at most. */
export const MAX_CONNECTORS = 16;
/** Steps of a scenario, at most. */
export const MAX_STEPS = 1_000;

const FAULTS = ERROR_CODES.filter((code): code is Fault => code !== "NoError");

const connector = wholeNumber(1, MAX_CONNECTORS);
const behaviour = choice(BEHAVIOUR_NAMES);
const anything = v.custom<never>(() => true);

/** `07:30`, as minutes after midnight. */
const timeOfDay = v.pipe(
  matching(/^(?:[01]?\d|2[0-3]):[0-5]\d$/, "a time of day such as 18:05"),
  v.transform((written) => {
    const [hour = 0, minute = 0] = written.split(":").map(Number);
    return 60 * hour + minute;
  }),
);

const EXPECTED_DURATION = "a duration such as 90s, 30m, 2h or 1h30m";
const DURATION = /^(?=\d)(?:(\d{1,3})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/;

/** `90s`, as milliseconds. */
const duration = v.pipe(
  matching(DURATION, EXPECTED_DURATION),
  v.transform((written) => {
    const [, hours = 0, minutes = 0, seconds = 0] = DURATION.exec(written) ?? [];
    return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  }),
);

const CAR = {
  battery_kwh: v.optional(decimal(1, 1_000), "58"),
  charge_percent: v.optional(decimal(0, 100), "34"),
  power_kw: v.optional(decimal(0.1, 350), "11"),
};

const STEP = {
  at: v.optional(timeOfDay),
  after: v.optional(duration),
  plug: v.optional(connector),
  car: v.optional(mapping(CAR)),
  unplug: v.optional(connector),
  tag: v.optional(text(20)),
  connector: v.optional(connector),
  network: v.optional(choice(["offline", "online", "dropped"])),
  reboot: v.optional(choice(["soft", "hard"])),
  fault: v.optional(choice(FAULTS)),
  repair: v.optional(connector),
  meter_jump_wh: v.optional(wholeNumber(-100_000_000, 100_000_000)),
  backend: v.optional(text(48)),
  send: v.optional(text(50)),
  payload: v.optional(anything),
  behaves: v.optional(behaviour),
  say: v.optional(text(200)),
};

const BACKEND = {
  id: text(48),
  token: v.optional(text()),
  behaves: v.optional(behaviour, "good"),
};

const CHARGER = {
  connectors: v.optional(connector, "1"),
  quirks: v.optional(list(text(50)), []),
  settings: v.optional(v.record(v.string(), text(500), "a mapping, as `key: value` lines"), {}),
};

const SCENARIO = {
  name: text(60),
  about: v.optional(text(200), "a scenario"),
  starts: v.optional(timeOfDay),
  time_zone: v.optional(timeZone()),
  speed: v.optional(decimal(0.1, 3_600)),
  charger: section(CHARGER),
  backends: v.optional(list(mapping(BACKEND)), []),
  steps: v.pipe(
    list(mapping(STEP)),
    v.minLength(1, "at least one step"),
    v.maxLength(MAX_STEPS, `at most ${MAX_STEPS} steps`),
  ),
};

export const SCENARIO_SCHEMA = mapping(SCENARIO);

/** A step as the schema gives it. */
export type WrittenStep = v.InferOutput<typeof SCENARIO_SCHEMA>["steps"][number];

/** The keys of each mapping, by its path without indices. */
export const SCENARIO_KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(SCENARIO),
  charger: Object.keys(CHARGER),
  backends: Object.keys(BACKEND),
  steps: Object.keys(STEP),
  "steps.car": Object.keys(CAR),
};

/** The keys that say what a step does, each with the keys that may stand beside it. */
export const ACTS = {
  plug: ["car"],
  unplug: [],
  tag: ["connector"],
  network: [],
  reboot: [],
  fault: ["connector"],
  repair: [],
  meter_jump_wh: ["connector"],
  send: ["backend", "payload"],
  behaves: ["backend"],
  say: [],
} as const satisfies Readonly<Record<string, readonly (keyof typeof STEP)[]>>;
