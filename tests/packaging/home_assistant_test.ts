// The app for Home Assistant: what the supervisor reads, and what the program makes of its options.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import metadata from "../../deno.json" with { type: "json" };
import { readDockerfile } from "./dockerfile.ts";
import { icon, logo } from "../../scripts/home-assistant/draw.ts";
import { parseConfiguration } from "../../src/config/load.ts";
import { problemText } from "../../src/config/problem.ts";
import { isMap, manifestProblems, optionsProblem, securityRating } from "./supervisor_rules.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const APP = `${ROOT}scripts/home-assistant/`;
const read = (path: string) => Deno.readTextFileSync(`${APP}${path}`);
const manifest = parse(read("config.yaml"));

/** A value of every option, as the form would send it. */
function sample(type: unknown, key: string): unknown {
  if (Array.isArray(type)) return [sample(type[0], key)];
  if (isMap(type)) {
    return Object.fromEntries(Object.entries(type).map(([name, one]) => [name, sample(one, name)]));
  }
  const values: Readonly<Record<string, unknown>> = {
    url: "wss://csms.example/ocpp",
    time_zone: "Europe/Brussels",
    currency: "EUR",
    presence_sensor: "binary_sensor.home",
    override_input_boolean: "input_boolean.share",
    tag: "04A2B3C4D5",
    notify: "notify.mobile_app_phone",
    password: "a-long-enough-secret",
    token: "another-long-enough-secret",
  };
  if (key in values) return values[key];
  const [, name, argument = ""] = /^(\w+)(?:\((.*)\))?\??$/.exec(String(type))!;
  if (name === "bool") return true;
  if (name === "list") return argument.split("|")[0];
  if (name === "int" || name === "float") return Number(argument.split(",")[0]);
  return "a_name";
}

/** What the store looks at, in all folders but hidden ones: `config.*`. */
function manifests(folder: string): string[] {
  return [...Deno.readDirSync(`${ROOT}${folder}`)].flatMap(({ name, isDirectory }) => {
    if (name.startsWith(".")) return [];
    if (isDirectory) return manifests(`${folder}${name}/`);
    return /^config\..*(yaml|yml|json)$/.test(name) ? [`${folder}${name}`] : [];
  });
}

function understood(options: unknown): string[] {
  const text = JSON.stringify(options);
  // Home Assistant and its broker are found by what the supervisor gives to an app.
  const environment = { get: (name: string) => name === "SUPERVISOR_TOKEN" ? "x" : undefined };
  const loaded = parseConfiguration(text, "/data/options.json", environment);
  return loaded.problems.map(problemText);
}

Deno.test("the supervisor takes the manifest, and would say what is wrong with another", () => {
  deepEqual(manifestProblems(manifest), []);
  const { name: _, ...nameless } = manifest;
  const wrong = { ...nameless, arch: ["armv7"], watchdog: "/healthz", port: 1, timeout: 5 };
  deepEqual(manifestProblems(wrong).map((problem) => problem.split(":")[0]).sort(), [
    "arch",
    "name is missing",
    "port",
    "timeout",
    "watchdog",
  ]);
  deepEqual(manifestProblems({ ...manifest, schema: { a: "text" } }).length, 1);
});

Deno.test("the manifest is of this version, and the store finds one app here", () => {
  equal(manifest.version, metadata.version);
  ok(read("CHANGELOG.md").includes(`## ${metadata.version}\n`));
  const apps = manifests("").filter((path) =>
    "name" in parse(Deno.readTextFileSync(`${ROOT}${path}`))
  );
  deepEqual(apps, ["scripts/home-assistant/config.yaml"]);
  const repository = parse(Deno.readTextFileSync(`${ROOT}repository.yaml`));
  deepEqual(Object.keys(repository), ["name", "url", "maintainer"]);
  equal(manifest.url, repository.url);
  equal(manifest.image, `${repository.url.replace("https://github.com", "ghcr.io")}-app`);
});

Deno.test("the app starts with the options that it comes with", () => {
  equal(optionsProblem(manifest.schema, manifest.options), undefined);
  deepEqual(understood(manifest.options), []);
  const { charger: _, ...without } = manifest.options;
  equal(optionsProblem(manifest.schema, without), ".charger: is missing");
});

Deno.test("every option that the form has is a key of the configuration", () => {
  const all = sample(manifest.schema, "") as Record<string, unknown>;
  equal(optionsProblem(manifest.schema, all), undefined);
  const errors = understood(all).filter((problem) => !problem.includes("warning"));
  // One id for everything: only what follows from that is wrong.
  deepEqual(
    errors.filter((problem) => !/of another one|is there too|is the owner's/.test(problem)),
    [],
  );
  const stray = understood({ ...all, no_such_option: 1 });
  ok(stray.some((problem) => problem.includes("no_such_option")), "and it would be told");
});

/** Which of an option's texts there are, by its path. */
function textsOf(names: Record<string, unknown>, path = ""): [path: string, what: string[]][] {
  return Object.entries(names).flatMap(([key, entry]) => {
    const { fields, ...texts } = entry as Record<string, unknown>;
    // The supervisor refuses the whole file for anything else.
    for (const [name, text] of Object.entries(texts)) {
      ok(["name", "description"].includes(name), `${path}${key}.${name}`);
      ok(typeof text === "string" && text.length > 1, `${path}${key}.${name}`);
    }
    const own: [string, string[]] = [`${path}${key}`, Object.keys(texts)];
    return [own, ...textsOf(isMap(fields) ? fields : {}, `${path}${key}.`)];
  });
}

const LANGUAGES = ["de", "en", "fr", "nl"] as const;

Deno.test("every option has a name in the form, and every port a sentence", () => {
  const { configuration, network } = parse(read("translations/en.yaml"));
  const optionsOf = (schema: Record<string, unknown>, path = ""): string[] =>
    Object.entries(schema).flatMap(([key, one]) => {
      const inner = Array.isArray(one) ? one[0] : one;
      return [`${path}${key}`, ...isMap(inner) ? optionsOf(inner, `${path}${key}.`) : []];
    });
  const texts = textsOf(configuration);
  deepEqual(texts.map(([path]) => path), optionsOf(manifest.schema));
  for (const [path, what] of texts) ok(what.includes("name"), path);
  deepEqual(network, manifest.ports_description);
});

Deno.test("every language says everything that English says", () => {
  const files = [...Deno.readDirSync(`${APP}translations`)].map(({ name }) => name).sort();
  deepEqual(files, LANGUAGES.map((language) => `${language}.yaml`));
  const english = parse(read("translations/en.yaml"));
  for (const language of LANGUAGES) {
    const { configuration, network, ...rest } = parse(read(`translations/${language}.yaml`));
    deepEqual(textsOf(configuration), textsOf(english.configuration), language);
    deepEqual(Object.keys(network), Object.keys(english.network), language);
    deepEqual(rest, {}, language);
  }
});

Deno.test("the supervisor asks for health, and shows the page, at the port that is listened on", () => {
  deepEqual(manifest.ports, { "9000/tcp": 9000 });
  equal(manifest.ingress_port, 9000);
  equal(manifest.watchdog, "http://[HOST]:[PORT:9000]/healthz");
});

Deno.test("nothing is asked for that the store would warn of", () => {
  equal(securityRating(manifest, read("apparmor.txt").includes("profile ocpp_proxy ")), 8);
});

Deno.test("AppArmor lets run what the image starts", () => {
  const profile = read("apparmor.txt");
  const stages = readDockerfile(Deno.readTextFileSync(`${ROOT}scripts/docker/Dockerfile`), {});
  const places = stages.filter(({ name }) => name === "base" || name === "app")
    .flatMap(({ instructions }) => instructions.filter(({ name }) => name === "COPY"))
    .map(({ words }) => words.at(-1)!).filter((place) => place.includes("/bin/"));
  equal(places.length, 4);
  for (const place of places) match(profile, new RegExp(`^ +${place} m?rix,$`, "m"));
  try {
    const args = ["--skip-kernel-load", "--skip-cache", `${APP}apparmor.txt`];
    const { success, stderr } = new Deno.Command("apparmor_parser", { args }).outputSync();
    ok(success, new TextDecoder().decode(stderr));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("not parsed: there is no apparmor_parser here");
  }
});

Deno.test("the pictures are those that are drawn, in the sizes that the store wants", () => {
  for (
    const [name, drawn, size] of [["icon", icon(), [128, 128]], ["logo", logo(), [
      250,
      100,
    ]]] as const
  ) {
    const bytes = Deno.readFileSync(`${APP}${name}.png`);
    const view = new DataView(bytes.buffer);
    deepEqual([view.getUint32(16), view.getUint32(20)], size);
    ok(bytes.length === drawn.length && bytes.every((byte, at) => byte === drawn[at]), name);
  }
});
