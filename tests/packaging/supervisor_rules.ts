// What Home Assistant's supervisor takes as an app's manifest, its options and its translations.
//
// From the documentation for developers (apps: configuration, presentation) and the schema that the
// supervisor checks with. Unlike there, a key that nobody knows is a mistake: it would have no effect.

/** Undefined, or what is wrong with a value. */
type Rule = (value: unknown) => string | undefined;

const means = (holds: (value: unknown) => boolean, expected: string): Rule => (value) =>
  holds(value) ? undefined : `expected ${expected}, found ${JSON.stringify(value)}`;

const text = means((value) => typeof value === "string" && value !== "", "text");
const flag = means((value) => typeof value === "boolean", "true or false");
const oneOf = (...words: readonly string[]): Rule =>
  means((value) => words.includes(value as string), words.join(", "));
const matching = (pattern: RegExp): Rule =>
  means((value) => typeof value === "string" && pattern.test(value), String(pattern));
const whole = (least: number, most: number): Rule =>
  means(
    (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
    "it",
  );
const listOf = (rule: Rule): Rule => (value) =>
  Array.isArray(value) ? value.map(rule).find((problem) => problem !== undefined) : "no list";
const mapOf = (key: Rule, rule: Rule): Rule => (value) =>
  isMap(value)
    ? Object.entries(value).flatMap(([name, one]) => [key(name), rule(one)])
      .find((problem) => problem !== undefined)
    : "no mapping";
const either = (...rules: readonly Rule[]): Rule => (value) => {
  const problems = rules.map((rule) => rule(value));
  return problems.includes(undefined) ? undefined : problems[0];
};
const nothing = means((value) => value === null, "nothing");

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const PORT_NAME = matching(/^\d+(\/(tcp|udp))?$/);

/** A type of an option: `?` says that it may be left out. */
const OPTION_TYPE =
  /^(bool|email|url|port|device(\(subsystem=[a-z]+\))?|(str|password)(\(\d*,\d*\))?|int(\(-?\d*,-?\d*\))?|float(\(-?[\d.]*,-?[\d.]*\))?|match\(.*\)|list\(.+\))\??$/;

/** A type, a list of one kind, or a mapping; a list holds no list. */
const optionType: Rule = (value) => {
  if (Array.isArray(value)) {
    return value.length === 1 && !Array.isArray(value[0]) ? optionType(value[0]) : "no list of one";
  }
  if (isMap(value)) return mapOf(text, optionType)(value);
  return matching(OPTION_TYPE)(value);
};

const folder: Rule = (value) => {
  if (!isMap(value)) return "no mapping";
  const { type, read_only, path, ...rest } = value;
  // Those that supervisors before 2026.07 know as well.
  return oneOf("addon_config", "ssl", "share", "media", "backup", "homeassistant_config")(type) ??
    (read_only === undefined ? undefined : flag(read_only)) ??
    (path === undefined ? undefined : text(path)) ?? unknownKey(rest);
};

function unknownKey(rest: Record<string, unknown>): string | undefined {
  const [key] = Object.keys(rest);
  return key === undefined ? undefined : `there is no key ${key}`;
}

const REQUIRED: Readonly<Record<string, Rule>> = {
  name: text,
  version: text,
  slug: matching(/^[-_.A-Za-z0-9]+$/),
  description: text,
  // Others are deprecated.
  arch: listOf(oneOf("aarch64", "amd64")),
};

const OPTIONAL: Readonly<Record<string, Rule>> = {
  url: matching(/^https?:\/\/[^/]+\/\S*$/),
  image: matching(/^([a-zA-Z\-.:\d{}]+\/)*?([-\w{}]+)\/([-\w{}]+)$/),
  stage: oneOf("stable", "experimental", "deprecated"),
  startup: oneOf("initialize", "system", "services", "application", "once"),
  boot: oneOf("auto", "manual", "manual_only"),
  init: flag,
  timeout: whole(10, 300),
  homeassistant: matching(/^\d{4}\.\d{1,2}\.\d+$/),
  homeassistant_api: flag,
  hassio_api: flag,
  hassio_role: oneOf("default", "homeassistant", "backup", "manager", "admin"),
  auth_api: flag,
  host_network: flag,
  services: listOf(matching(/^(mqtt|mysql):(provide|want|need)$/)),
  discovery: listOf(text),
  ports: mapOf(PORT_NAME, either(nothing, whole(1, 65_535))),
  ports_description: mapOf(PORT_NAME, text),
  ingress: flag,
  ingress_port: whole(0, 65_535),
  ingress_entry: text,
  ingress_stream: flag,
  panel_icon: matching(/^mdi:[a-z-]+$/),
  panel_title: text,
  panel_admin: flag,
  webui: matching(/^(https?|\[PROTO:\w+\]):\/\/\[HOST\]:\[PORT:\d+\].*$/),
  watchdog: matching(/^(https?|\[PROTO:\w+\]|tcp):\/\/\[HOST\]:(\[PORT:\d+\]|\d+).*$/),
  map: listOf(folder),
  environment: mapOf(matching(/^\w*$/), text),
  apparmor: flag,
  backup: oneOf("hot", "cold"),
  backup_pre: text,
  backup_post: text,
  backup_exclude: listOf(text),
  breaking_versions: listOf(text),
  options: means(isMap, "a mapping"),
  schema: mapOf(text, optionType),
};

/** Everything that is wrong with a manifest. */
export function manifestProblems(manifest: Record<string, unknown>): string[] {
  const known = { ...REQUIRED, ...OPTIONAL };
  return [
    ...Object.keys(REQUIRED).filter((key) => !(key in manifest)).map((key) => `${key} is missing`),
    ...Object.entries(manifest).flatMap(([key, value]) => {
      const problem = known[key] === undefined ? "there is no such key" : known[key](value);
      return problem === undefined ? [] : [`${key}: ${problem}`];
    }),
  ];
}

/** Whether the supervisor starts an app with these options; undefined, or what it says. */
export function optionsProblem(type: unknown, value: unknown, path = ""): string | undefined {
  if (Array.isArray(type)) {
    if (!Array.isArray(value)) return `${path}: no list`;
    return value.map((one) => optionsProblem(type[0], one, `${path}[]`)).find(Boolean);
  }
  if (isMap(type)) {
    if (!isMap(value)) return `${path}: no mapping`;
    for (const [key, one] of Object.entries(type)) {
      const inner = Array.isArray(one) ? one[0] : one;
      const optional = typeof inner === "string" && inner.endsWith("?");
      if (!(key in value)) {
        if (!optional) return `${path}.${key}: is missing`;
        continue;
      }
      const problem = optionsProblem(one, value[key], `${path}.${key}`);
      if (problem !== undefined) return problem;
    }
    const stray = Object.keys(value).find((key) => !(key in type));
    return stray === undefined ? undefined : `${path}.${stray}: there is no such option`;
  }
  return typeRule(String(type).replace(/\?$/, ""))(value) && `${path}: not ${type}`;
}

function typeRule(type: string): Rule {
  const [, name, argument = ""] = /^(\w+)(?:\((.*)\))?$/.exec(type)!;
  switch (name) {
    case "bool":
      return flag;
    case "int":
    case "float": {
      const [least = -Infinity, most = Infinity] = argument.split(",").map(Number);
      return means((value) => Number(value) >= least && Number(value) <= most, type);
    }
    case "match":
      return matching(new RegExp(argument));
    case "list":
      return oneOf(...argument.split("|"));
    default:
      return means((value) => typeof value === "string", "text");
  }
}

/** Rates the security as the supervisor's store shows it, 1 to 8 (signing aside). */
export function securityRating(manifest: Record<string, unknown>, ownProfile: boolean): number {
  const role = manifest.hassio_role;
  const rating = 5 + (manifest.apparmor === false ? -1 : ownProfile ? 1 : 0) +
    (manifest.ingress ? 2 : manifest.auth_api ? 1 : 0) - (manifest.host_network ? 1 : 0) -
    (role === "manager" ? 1 : role === "admin" ? 2 : 0);
  return Math.max(1, Math.min(8, rating));
}
