// What a configuration means: defaults, values, secrets from elsewhere, and where it is looked for.

import { deepEqual, equal } from "node:assert/strict";
import { dialledUrl } from "../../src/config/dialled_url.ts";
import { loadConfiguration, parseConfiguration } from "../../src/config/load.ts";
import { problemText } from "../../src/config/problem.ts";
import { PERMISSIONS, ROLES } from "../../src/core/configuration.ts";
import { configuration, problems } from "./parse.ts";

Deno.test("an empty file is the defaults", () => {
  const { source, core: { timeZone, ...core }, ...rest } = configuration("# nothing\n");
  equal(source, "c.yaml");
  equal(timeZone, Temporal.Now.timeZoneId());
  deepEqual({ core, ...rest }, {
    core: {
      charger: {
        heartbeatIntervalS: 300,
        answerDeadlineMs: 2500,
        callTimeoutMs: 30_000,
        lostStopAfterMs: 60_000,
        fallbackCurrentA: 6,
        limitSpacingMs: 10_000,
        phases: 3,
        voltageV: 230,
      },
      currency: "EUR",
      backends: [],
      allowUnknownBackends: false,
      allowSharedCharging: true,
      allowedProviders: [],
      blockedProviders: [],
      rules: [],
      facts: [],
      factMaxAgeMs: 900_000,
      tariffs: [],
      household: {},
      rateLimitMs: 10_000,
      controlTimeoutMs: 60_000,
      reconnectGraceMs: 120_000,
      idTags: [],
      unknownIdTags: "accept",
      dataTransfer: new Map(),
      startSpacingMs: 1100,
    },
    listen: { host: "0.0.0.0", port: 9000 },
    dataDir: "./data",
    charger: {
      subprotocol: { none: "accept", other: "reject" },
    },
    backends: [],
    api: { tokens: [] },
    retention: { logDays: 30, logRows: 1_000_000, decisions: 10_000 },
    log: { level: "info", format: "text" },
  });
});

Deno.test("keys without a value are the defaults too", () => {
  deepEqual(
    configuration("listen:\ncharger:\n  id:\nbackends: null\ncurrency: ~\n"),
    configuration(""),
  );
});

Deno.test("the example of the contract means what it says", () => {
  const world = {
    environment: { CHARGER_PASSWORD: "secret of the charger", EVCC_TOKEN: "evcc's" },
    files: { "/run/secrets/employer": "employer's\n" },
  };
  const found = configuration(CONTRACT, world);
  equal(found.core.timeZone, "Europe/Brussels");
  equal(found.core.charger.id, "CP001");
  equal(found.charger.password, "secret of the charger");
  equal(found.core.preferredProvider, "employer");
  deepEqual(found.core.backends, [
    {
      id: "employer",
      enabled: true,
      role: "biller",
      permissions: new Set(ROLES.biller),
      sees: "all",
      priority: 20,
      minHoldMs: 300_000,
      durable: false,
      url: "wss://csms.example/ocpp",
      chargePointId: "NL-1234",
      bootOnReconnect: true,
      messageAttempts: 3,
      messageRetryIntervalMs: 60_000,
      lateRejection: "keep",
    },
    {
      id: "evcc",
      enabled: true,
      role: "controller",
      permissions: new Set(ROLES.controller),
      sees: "all",
      priority: 0,
      minHoldMs: 300_000,
      durable: false,
      bootOnReconnect: true,
      messageAttempts: 3,
      messageRetryIntervalMs: 60_000,
      lateRejection: "keep",
    },
  ]);
  deepEqual(found.backends, [
    {
      id: "employer",
      enabled: true,
      url: "wss://csms.example/ocpp",
      appendChargePointId: true,
      chargePointId: "NL-1234",
      authentication: { type: "basic", username: "NL-1234", password: "employer's" },
      tls: { verify: true },
    },
    {
      id: "evcc",
      enabled: true,
      appendChargePointId: true,
      authentication: { type: "bearer", token: "evcc's" },
      tls: { verify: true },
    },
  ]);
  deepEqual(found.core.idTags, [
    { tag: "04A2B3C4D5", name: "Family car", owner: true, action: "allow" },
    { tag: "04FFEE0011", name: "Company car", owner: false, backend: "employer", action: "allow" },
  ]);
  deepEqual(problems(CONTRACT, world), []);
});

const CONTRACT = `
listen: { host: 0.0.0.0, port: 9000 }        # tls: { cert_file, key_file }
data_dir: ./data
time_zone: Europe/Brussels
currency: EUR
charger:
  id: CP001
  password: \${CHARGER_PASSWORD}
  heartbeat_interval_s: 300
  max_current_a: 32
  fallback_current_a: 6
backends:
  - id: employer
    url: wss://csms.example/ocpp
    charge_point_id: NL-1234
    username: NL-1234
    password_file: /run/secrets/employer
    role: biller
    priority: 20
  - id: evcc
    token: \${EVCC_TOKEN}
    role: controller
allow_shared_charging: true
preferred_provider: employer
control_timeout_s: 60
id_tags:
  - { tag: 04A2B3C4D5, name: Family car, owner: true }
  - { tag: 04FFEE0011, name: Company car, backend: employer }
`;

Deno.test("the rules of the contract mean what they say", () => {
  const { core } = configuration(CONTRACT + RULES, {
    environment: { CHARGER_PASSWORD: "secret of the charger", EVCC_TOKEN: "evcc's" },
    files: { "/run/secrets/employer": "employer's\n" },
  });
  const common = { askTimeoutMs: 120_000, default: "deny", onUnknown: "deny" };
  deepEqual(core.rules, [
    {
      name: "nobody but us in the evening",
      when: 'backend != "employer" && hour >= 17 && hour < 22',
      then: "deny",
      ...common,
    },
    { name: "strangers must ask", when: 'backend == "neighbour"', then: "ask", ...common },
    {
      name: "gentle while the house draws a lot",
      when: 'number(ha("sensor.house_power")) > 4000',
      then: "limit",
      currentA: 10,
      ...common,
      onUnknown: "limit",
    },
  ]);
  deepEqual(
    problems(CONTRACT + RULES, {
      environment: { CHARGER_PASSWORD: "a", EVCC_TOKEN: "b" },
      files: { "/run/secrets/employer": "c" },
    }),
    ["c.yaml:34:22: warning: rules[1].when: there is no backend 'neighbour'"],
  );
});

const RULES = `rules:
  - name: nobody but us in the evening
    when: backend != "employer" && hour >= 17 && hour < 22
    then: deny
  - name: strangers must ask
    when: backend == "neighbour"
    then: ask            # phone notification with Allow / Deny
    ask_timeout_s: 120
    default: deny
  - name: gentle while the house draws a lot
    when: number(ha("sensor.house_power")) > 4000
    then: limit
    current_a: 10
    on_unknown: limit    # what to do when the sensor is unknown or Home Assistant is away
`;

Deno.test("rules, facts, tariffs and tags become what the core works with", () => {
  const { core } = configuration(`
backends: [{ id: guest, token: t, tariff: guests, min_hold_s: 5 }]
facts:
  - { name: house.fuse, value: "25" }
  - { name: sensor.power, max_age_s: 60 }
fact_max_age_s: 100
presence_sensor: Binary_Sensor.Home
rules:
  - name: weekend
    backends: [guest]
    hours: 22:00-6:00
    weekdays: [sat, SUN]
    presence_sensor: person.me
    max_energy_kwh_per_day: 12.5
    max_sessions_per_day: 0
    then: allow
tariffs:
  - name: guests
    valid_from: 2026-01-01
    energy_per_kwh: 0.29
    per_minute: -0.000001
    idle_after_min: 10
    times: [{ hours: 00:00-24:00, per_session: 1.5 }]
household: { price_sensor: sensor.price }
id_tags: [{ tag: A, send_as: [{ backend: guest, tag: B }] }]
`);
  equal(core.backends[0]?.tariff, "guests");
  equal(core.backends[0]?.minHoldMs, 5_000);
  equal(core.presenceSensor, "binary_sensor.home");
  deepEqual(core.facts, [
    { name: "house.fuse", value: "25", maxAgeMs: 100_000 },
    { name: "sensor.power", maxAgeMs: 60_000 },
  ]);
  deepEqual(core.rules, [{
    name: "weekend",
    backends: ["guest"],
    hours: { fromMinute: 1_320, toMinute: 360 },
    weekdays: new Set([6, 7]),
    presenceSensor: "person.me",
    maxEnergyKwhPerDay: 12.5,
    maxSessionsPerDay: 0,
    then: "allow",
    askTimeoutMs: 120_000,
    default: "deny",
    onUnknown: "deny",
  }]);
  deepEqual(core.tariffs, [{
    name: "guests",
    validFrom: "2026-01-01",
    currency: "EUR",
    prices: {
      energyMicrosPerKwh: 290_000,
      timeMicrosPerMinute: -1,
      sessionMicros: 0,
      idleMicrosPerMinute: 0,
    },
    times: [{ hours: { fromMinute: 0, toMinute: 1_440 }, prices: { sessionMicros: 1_500_000 } }],
    idleAfterMs: 600_000,
  }]);
  deepEqual(core.household, { priceSensor: "sensor.price" });
  deepEqual(core.idTags[0]?.sendAs, new Map([["guest", "B"]]));
});

Deno.test("what looks like a number stays the text that it is", () => {
  const { core, charger } = configuration(
    "charger: { id: 007, password: 1e3 }\n" +
      "id_tags: [{ tag: 0412345678 }, { tag: 04E2123456 }, { tag: 0x10 }, { tag: true }]\n",
  );
  equal(core.charger.id, "007");
  equal(charger.password, "1e3");
  deepEqual(core.idTags.map(({ tag }) => tag), ["0412345678", "04E2123456", "0x10", "true"]);
});

Deno.test("the charger's time zone is its own, and nobody's where none is given", () => {
  const text = "time_zone: Europe/Brussels\ncharger: { time_zone: America/Denver }\n";
  const { charger, timeZone } = configuration(text).core;
  deepEqual([charger.timeZone, timeZone], ["America/Denver", "Europe/Brussels"]);
  equal("timeZone" in configuration("time_zone: Europe/Brussels\n").core.charger, false);
});

Deno.test("flags are true and false, yes and no, on and off", () => {
  for (const [word, value] of [["true", true], ["Yes", true], ["on", true], ["off", false]]) {
    equal(configuration(`allow_shared_charging: ${word}\n`).core.allowSharedCharging, value);
  }
  deepEqual(problems("allow_unknown_backends: maybe\n"), [
    'c.yaml:1:25: allow_unknown_backends: found "maybe"; expected true or false',
  ]);
});

Deno.test("one word is the policy for both kinds of missing subprotocol", () => {
  const { charger } = configuration("charger: { subprotocol: close }\n");
  deepEqual(charger.subprotocol, { none: "close", other: "close" });
});

Deno.test("permissions take the place of the role's", () => {
  const { core } = configuration(
    "backends: [{ id: a, token: t, role: admin, permissions: [receive, reset] }]\n",
  );
  deepEqual(core.backends[0]?.permissions, new Set(["receive", "reset"]));
  equal(core.backends[0]?.role, "admin");
  const all = `backends: [{ id: a, token: t, permissions: [${PERMISSIONS.join(", ")}] }]\n`;
  deepEqual(configuration(all).core.backends[0]?.permissions, new Set(PERMISSIONS));
});

Deno.test("authentication follows from the secret that is there, or from auth_type", () => {
  const { backends } = configuration(`backends:
  - { id: a, url: ws://a }
  - { id: b, url: ws://b, password: p }
  - { id: c, url: ws://c, token: t }
  - { id: d, url: ws://d, token: t, password: p, auth_type: bearer }
  - { id: e, url: ws://e, password: p, auth_type: none }
`);
  deepEqual(backends.map(({ authentication }) => authentication), [
    { type: "none" },
    { type: "basic", password: "p" },
    { type: "bearer", token: "t" },
    { type: "bearer", token: "t" },
    { type: "none" },
  ]);
});

Deno.test("a backend may dial in without a token when strangers may", () => {
  const { core, backends } = configuration("allow_unknown_backends: true\nbackends: [{ id: a }]\n");
  equal(core.allowUnknownBackends, true);
  deepEqual(backends[0]?.authentication, { type: "none" });
});

Deno.test("variables stand anywhere in a value, also in a number", () => {
  const environment = { PORT: "9001", HOST: "csms", EMPTY: "" };
  const { listen, core, charger } = configuration(
    "listen: { port: '${PORT}' }\n" +
      "charger: { password: 'a$${PORT}b$c${EMPTY}' }\n" +
      "backends: [{ id: a, url: 'wss://${HOST}.example:${PORT}/' }]\n",
    { environment },
  );
  equal(listen.port, 9001);
  equal(charger.password, "a${PORT}b$c");
  equal(core.backends[0]?.url, "wss://csms.example:9001/");
});

Deno.test("a variable that is missing or malformed is told once, with its place", () => {
  deepEqual(problems("listen:\n  port: ${PORT}\ncharger:\n  password: a${b c}\n"), [
    "c.yaml:2:9: listen.port: the environment has no variable PORT",
    "c.yaml:4:13: charger.password: `${` begins no variable; " +
    "expected ${NAME}, or $${ for the text itself",
  ]);
});

Deno.test("a value from the environment is not shown when it is wrong", () => {
  deepEqual(problems("currency: ${C}\n", { environment: { C: "hush" } }), [
    "c.yaml:1:11: currency: expected a currency of ISO 4217 such as EUR",
  ]);
});

Deno.test("a secret file gives its text without the last line end", () => {
  const text = "charger: { password_file: p }\n";
  equal(configuration(text, { files: { p: "a b \r\n" } }).charger.password, "a b ");
  equal(configuration(text, { files: { p: "a\n\n" } }).charger.password, "a\n");
});

Deno.test("secret files that cannot be used are told, each once", () => {
  const text = "charger: { password_file: empty }\n" +
    "backends:\n" +
    "  - { id: a, token_file: absent }\n" +
    "  - { id: b, token_file: absent }\n" +
    "  - { id: c, token_file: full, token: hush }\n" +
    "  - { id: d, token: t, password_file: full }\n";
  deepEqual(problems(text, { files: { empty: "\n", full: "hush" } }), [
    "c.yaml:1:27: charger.password_file: 'empty' is empty; " +
    "expected the secret and nothing else",
    "c.yaml:3:26: backends[0].token_file: 'absent' cannot be read (there is no such file)",
    "c.yaml:4:26: backends[1].token_file: 'absent' cannot be read (there is no such file)",
    "c.yaml:5:26: backends[2].token_file: 'token' is there too; expected only one of them",
    "c.yaml:6:39: backends[3].password: " +
    "means nothing without `url`: this backend dials in with its token",
  ]);
});

Deno.test("the file is the one named, else the variable's, else the first that is there", () => {
  const files = new Map<string, string>();
  const environment: Record<string, string> = {};
  const load = (path?: string): string => {
    const loaded = loadConfiguration(path, { get: (name) => environment[name] }, (file) => {
      const text = files.get(file);
      if (text === undefined) throw new Deno.errors.NotFound(file);
      return text;
    });
    if (!loaded.ok) return loaded.problems.map(problemText).join("\n");
    return `${loaded.configuration.source}: ${loaded.configuration.core.currency}`;
  };
  equal(load(), "undefined: EUR");
  files.set("/data/options.yaml", "currency: SEK\n");
  equal(load(), "/data/options.yaml: SEK");
  files.set("/data/options.json", '{"currency": "NOK"}');
  equal(load(), "/data/options.json: NOK");
  files.set("/config/config.yaml", "currency: CHF\n");
  equal(load(), "/config/config.yaml: CHF");
  files.set("/etc/ocpp-proxy/config.yaml", "currency: HUF\n");
  equal(load(), "/etc/ocpp-proxy/config.yaml: HUF");
  files.set("config.yaml", "\uFEFFcurrency: DKK\r\n");
  equal(load(), "config.yaml: DKK");
  environment["ADDON_CONFIG_FILE"] = "addon.yaml";
  equal(load(), "addon.yaml: the configuration cannot be read (there is no such file)");
  files.set("addon.yaml", "currency: PLN\n");
  equal(load(), "addon.yaml: PLN");
  equal(load("/data/options.json"), "/data/options.json: NOK");
  equal(load("x"), "x: the configuration cannot be read (there is no such file)");
  files.set("big", "#".repeat(1024 * 1024 + 1));
  equal(load("big"), "big: the configuration is longer than 1048576 characters");
});

Deno.test("a real file is read", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, "currency: CHF\n");
    const loaded = loadConfiguration(file, { get: () => undefined });
    equal(loaded.ok && loaded.configuration.core.currency, "CHF");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("the identity is the last segment of the URL that is dialled", () => {
  const dial = (url: string | undefined, appendChargePointId = true) =>
    dialledUrl({ ...(url !== undefined && { url }), appendChargePointId }, "NL 1/2");
  equal(dial("wss://a.example/ocpp"), "wss://a.example/ocpp/NL%201%2F2");
  equal(dial("wss://a.example/ocpp//"), "wss://a.example/ocpp/NL%201%2F2");
  equal(dial("wss://a.example"), "wss://a.example/NL%201%2F2");
  equal(dial("wss://a.example/x?key=/v/"), "wss://a.example/x/NL%201%2F2?key=/v/");
  equal(dial("wss://a.example/as/it/is/", false), "wss://a.example/as/it/is/");
  equal(dial(undefined), undefined);
});

Deno.test("a place where the program may not look has no file for it, unless it is named", () => {
  const refuse = () => {
    throw new Deno.errors.NotCapable("no");
  };
  const none = { get: () => undefined };
  equal(loadConfiguration(undefined, none, refuse).ok, true);
  const named = loadConfiguration("x", none, refuse);
  deepEqual(named.problems.map(problemText), [
    "x: the configuration cannot be read (the program may only use files in and below the folder in which it is started)",
  ]);
});

Deno.test("data is kept where the configuration says, else where systemd or the image say", () => {
  const environment = { get: (name: string) => name === "STATE_DIRECTORY" ? "/data" : undefined };
  const dataDir = (text: string) => {
    const loaded = parseConfiguration(text, "c.yaml", environment);
    return loaded.ok && loaded.configuration.dataDir;
  };
  equal(dataDir(""), "/data");
  equal(dataDir("data_dir: /srv/data"), "/srv/data");
});

Deno.test("a secret by its name alone is systemd's, else one beside the configuration", () => {
  const text = "charger: { password_file: charger }";
  const password = (files: Record<string, string>, environment: Record<string, string> = {}) => {
    const loaded = parseConfiguration(
      text,
      "/etc/ocpp-proxy/config.yaml",
      { get: (name) => environment[name] },
      (path) => {
        if (files[path] === undefined) throw new Deno.errors.NotFound(path);
        return files[path];
      },
    );
    return loaded.ok ? loaded.configuration.charger.password : loaded.problems.map(problemText);
  };
  const service = { CREDENTIALS_DIRECTORY: "/run/credentials/x" };
  const here = { charger: "from-here-itself" };
  const beside = { ...here, "/etc/ocpp-proxy/secrets/charger": "from-the-folder" };
  const folder = { ...beside, "/run/credentials/x/secrets_charger": "from-credentials" };
  const single = { ...folder, "/run/credentials/x/charger": "from-a-credential" };
  equal(password(here), "from-here-itself");
  equal(password(beside), "from-the-folder");
  equal(password(folder), "from-the-folder");
  equal(password(folder, service), "from-credentials");
  equal(password(single, service), "from-a-credential");
  equal(password(beside, service), "from-the-folder");
  deepEqual(password({}, service), [
    "/etc/ocpp-proxy/config.yaml:1:27: charger.password_file: 'charger' cannot be read " +
    "(there is no such file)",
  ]);
});
