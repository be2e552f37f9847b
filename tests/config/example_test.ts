// config.example.yaml is the reference: every key, its default, and it is valid as it stands.

import { deepEqual, equal, ok } from "node:assert/strict";
import { readDocument, type Tree } from "../../src/config/document.ts";
import { knownKeys } from "../../src/config/known_keys.ts";
import { type Path, pathText } from "../../src/config/problem.ts";
import { SCHEMA } from "../../src/config/schema.ts";
import { configuration, load, problems } from "./parse.ts";

const EXAMPLE = await Deno.readTextFile(new URL("../../config.example.yaml", import.meta.url));

/** With every key that is hidden behind a #. */
const WHOLE = EXAMPLE.replaceAll(/^( *)#(?! \S| *$)/gm, "$1");

const WORLD = {
  environment: {
    CHARGER_PASSWORD: "a",
    EMPLOYER_PASSWORD: "b",
    SCRIPT_TOKEN: "c",
    API_TOKEN: "d",
    UTILITY_PASSWORD: "e",
    AGGREGATOR_TOKEN: "f",
    HA_TOKEN: "g",
    MQTT_PASSWORD: "h",
  },
  files: Object.fromEntries(
    ["cert", "key", "employer-ca", "employer-cert", "employer-key", "broker-ca"]
      .map((name) => [`/etc/ocpp-proxy/${name}.pem`, "-----BEGIN"]),
  ),
};

Deno.test("the example is valid and means the defaults", () => {
  deepEqual(problems(EXAMPLE), []);
  deepEqual(configuration(EXAMPLE), configuration(""));
});

Deno.test("with all its keys it is valid too, but for what is given twice", () => {
  const loaded = load(WHOLE, WORLD);
  equal(loaded.ok, false);
  const errors = loaded.problems.filter(({ severity }) => severity === "error");
  deepEqual(errors.map(({ path, message }) => [pathText(path), message]), [
    ["charger.password_file", "'password' is there too; expected only one of them"],
    ["backends[0].password_file", "'password' is there too; expected only one of them"],
    ["backends[1].token_file", "'token' is there too; expected only one of them"],
    [
      "household.price_sensor",
      "a tariff is there too; expected only one of tariff and price_sensor",
    ],
    ["home_assistant.token_file", "'token' is there too; expected only one of them"],
    ["mqtt.password_file", "'password' is there too; expected only one of them"],
  ]);
  const once = WHOLE.replaceAll(/^ *(?:password_file|token_file|price_sensor):.*$/gm, "");
  const found = configuration(once, WORLD);
  deepEqual(found.core.backends.map(({ id }) => id), [
    "employer",
    "script",
    "utility",
    "aggregator",
  ]);
});

/** The path of a key, with every index as 0. */
function pattern(path: Path): string {
  return pathText(path.map((key) => typeof key === "number" ? 0 : key));
}

const written = new Set(readDocument(WHOLE, () => {}).keys.map(({ path }) => pattern(path)));

/** Secret files that the text speaks of in general. */
const NOT_REPEATED = [
  "api.tokens[0].token_file",
  "ocpp_services[0].password_file",
  "ocpp_services[0].token_file",
];

function check(path: Path): void {
  for (const key of knownKeys(path) ?? []) {
    const keyPath = [...path, key];
    if (!NOT_REPEATED.includes(pattern(keyPath))) {
      ok(written.has(pattern(keyPath)), `${pattern(keyPath)} is not in config.example.yaml`);
    }
    check(keyPath);
    check([...keyPath, 0]);
  }
}

Deno.test("every key of the schema stands in it", () => check([]));

Deno.test("the defaults that it states are the defaults", () => {
  const { root } = readDocument(WHOLE, () => {});
  // Illustrations, whose default is said in words or goes without saying.
  const differs = new Set(["id_tags[0].owner", "ocpp_services[0].auth_type"]);
  let compared = 0;
  walk(root, []);
  ok(compared >= 30, `only ${compared} defaults were compared`);

  function walk(tree: Tree, path: Path): void {
    if (Array.isArray(tree)) return tree.slice(0, 1).forEach((item) => walk(item, [...path, 0]));
    if (typeof tree === "object") {
      return Object.entries(tree).forEach(([key, value]) => walk(value, [...path, key]));
    }
    const standard = defaultAt(path);
    if (typeof standard !== "string" || differs.has(pathText(path))) return;
    compared++;
    equal(tree, standard, `${pathText(path)} in config.example.yaml`);
  }
});

/** A node of the schema, as far as defaults need it. */
interface Node {
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly wrapped?: Node;
  readonly item?: Node;
  readonly pipe?: readonly Node[];
}

function defaultAt(path: Path): unknown {
  let node = SCHEMA as unknown as Node | undefined;
  for (const key of path) {
    node = node?.wrapped ?? node;
    node = node?.pipe?.find((step) => step.entries) ?? node;
    node = typeof key === "number" ? node?.item : node?.entries?.[key];
  }
  return node?.default;
}
