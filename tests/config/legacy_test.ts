// Files of the first ocpp-proxy: read as they are, and what that means here.

import { deepEqual, equal } from "node:assert/strict";
import { ROLES } from "../../src/core/configuration.ts";
import { configuration, problems } from "./parse.ts";

const OPTIONS = `{
  "allow_shared_charging": true,
  "preferred_provider": "utility",
  "allowed_providers": ["utility", ""],
  "blocked_providers": [],
  "disallowed_providers": ["stranger"],
  "presence_sensor": "Binary_Sensor.home",
  "override_input_boolean": "",
  "rate_limit_seconds": 5,
  "ocpp_version": "1.6",
  "auto_detect_ocpp_version": true,
  "ocpp_services": [
    {
      "id": "utility",
      "url": "wss://utility.example/ocpp/CP001",
      "auth_type": "basic",
      "username": "me",
      "password": "hush",
      "token": "",
      "enabled": true
    },
    { "id": "sun", "url": "ws://sun.example/x?y=1", "auth_type": "token", "token": "hush2" },
    { "id": "off", "url": "ws://me:p%40ss@off.example/", "version": "1.6", "enabled": false }
  ]
}
`;

const UNLISTED =
  "c.yaml:1:1: warning: a file of the first ocpp-proxy, to which any backend could " +
  "dial in; here only those listed under 'backends', each with a token, " +
  "or any with allow_unknown_backends: true";

Deno.test("the options of the first ocpp-proxy become backends that are dialled as they were", () => {
  const { core, backends } = configuration(OPTIONS);
  equal(core.allowSharedCharging, true);
  equal(core.preferredProvider, "utility");
  deepEqual(core.allowedProviders, ["utility"]);
  deepEqual(core.blockedProviders, ["stranger"]);
  equal(core.rateLimitMs, 5000);
  equal(core.presenceSensor, "binary_sensor.home");
  equal(core.overrideInputBoolean, undefined);
  deepEqual(core.backends[0], {
    id: "utility",
    enabled: true,
    role: "controller",
    permissions: new Set(ROLES.controller),
    sees: "all",
    priority: 0,
    minHoldMs: 300_000,
    durable: false,
    url: "wss://utility.example/ocpp/CP001",
    bootOnReconnect: true,
    messageAttempts: 3,
    messageRetryIntervalMs: 60_000,
    lateRejection: "keep",
  });
  deepEqual(backends, [
    {
      id: "utility",
      enabled: true,
      url: "wss://utility.example/ocpp/CP001",
      appendChargePointId: false,
      authentication: { type: "basic", username: "me", password: "hush" },
      tls: { verify: true },
    },
    {
      id: "sun",
      enabled: true,
      url: "ws://sun.example/x?y=1",
      appendChargePointId: false,
      authentication: { type: "bearer", token: "hush2" },
      tls: { verify: true },
    },
    {
      id: "off",
      enabled: false,
      url: "ws://off.example/",
      appendChargePointId: false,
      authentication: { type: "basic", username: "me", password: "p@ss" },
      tls: { verify: true },
    },
  ]);
  deepEqual(core.backends.map(({ id }) => id), backends.map(({ id }) => id));
});

Deno.test("what has no effect, or another one, is said", () => {
  deepEqual(problems(OPTIONS), [
    UNLISTED,
    "c.yaml:6:28: warning: disallowed_providers[0]: there is no backend 'stranger'; " +
    "it means nothing until there is one",
    "c.yaml:7:22: warning: presence_sensor: Home Assistant is not configured; " +
    "until something feeds it, it is unknown, and no backend gets control",
  ]);
});

Deno.test("a file with services does not share unless it says so, as the first one did not", () => {
  equal(configuration("ocpp_services: []\n").core.allowSharedCharging, false);
  equal(configuration("rate_limit_seconds: 3\n").core.allowSharedCharging, true);
  const both = "ocpp_services: []\nallow_shared_charging: true\n";
  equal(configuration(both).core.allowSharedCharging, true);
});

Deno.test("a file with keys of ours is ours; one with only shared keys is the first one's", () => {
  deepEqual(problems("rate_limit_seconds: 3\n"), [UNLISTED]);
  deepEqual(problems("rate_limit_seconds: 3\nlisten: { port: 1 }\n"), []);
  deepEqual(problems("ocpp_services: []\nlisten: { port: 1 }\n"), [UNLISTED]);
  deepEqual(problems("ocpp_services: []\nallow_unknown_backends: true\n"), []);
  deepEqual(problems(""), []);
});

Deno.test("texts left empty in the first one's form are not set", () => {
  const empty = `{"allow_shared_charging": true, "preferred_provider": "", "presence_sensor": "",
    "override_input_boolean": "", "rate_limit_seconds": "", "ocpp_version": "",
    "allowed_providers": [""], "ocpp_services": []}`;
  const { core } = configuration(empty);
  equal(core.preferredProvider, undefined);
  deepEqual(core.allowedProviders, []);
  equal(core.rateLimitMs, 10_000);
  deepEqual(problems(empty), [UNLISTED]);
});

Deno.test("a service of another version of OCPP is a problem; a version for the charger is not", () => {
  const text = "ocpp_version: 2.0.1\n" +
    "ocpp_services:\n  - { id: a, url: ws://a, version: 2.0.1 }\n  - { id: b, url: ws://b, auth_type: basic }\n";
  deepEqual(problems(text), [
    UNLISTED,
    "c.yaml:1:15: warning: ocpp_version: has no effect: only OCPP 1.6 is spoken here",
    'c.yaml:3:36: ocpp_services[0].version: found "2.0.1"; ' +
    "expected 1.6, the only version of OCPP that is spoken here",
    "c.yaml:4:38: ocpp_services[1].auth_type: basic needs a password",
  ]);
});

Deno.test("an id may stand in only one of the two lists", () => {
  const text = "backends: [{ id: a, token: t }]\nocpp_services: [{ id: a, url: ws://a }]\n";
  deepEqual(problems(text), ["c.yaml:2:23: ocpp_services[0].id: is the id of another one"]);
});
