// What is said about a wrong configuration: every problem at once, each with its place.

import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import "../support/seed.ts";
import { load, problems, type World } from "./parse.ts";

interface Case {
  readonly name: string;
  readonly text: string;
  readonly world?: World;
  readonly says: readonly string[];
}

const EVCC = "backends: [{ id: evcc, token: t }]\n";
const NEEDS_URL_OR_TOKEN =
  "expected `url` if the proxy dials this backend, `token` if it dials in to /backend/<id>, " +
  "or allow_unknown_backends: true to admit it without a token";

const CASES: readonly Case[] = [
  {
    name: "a number out of range",
    text: "listen:\n  port: 70000\n",
    says: ['c.yaml:2:9: listen.port: found "70000"; expected a whole number from 0 to 65535'],
  },
  {
    name: "several problems, in the order of the file",
    text: "listen: { port: x }\ncurrency: euro\ncharger:\n  heartbeat_interval_s: 5\n",
    says: [
      'c.yaml:1:17: listen.port: found "x"; expected a whole number from 0 to 65535',
      'c.yaml:2:11: currency: found "euro"; expected a currency of ISO 4217 such as EUR',
      'c.yaml:4:25: charger.heartbeat_interval_s: found "5"; expected a whole number from 10 to 86400',
    ],
  },
  {
    name: "an unknown key close to a known one",
    text: "backend: []\n",
    says: ["c.yaml:1:1: backend: there is no such key; did you mean 'backends'?"],
  },
  {
    name: "two unknown keys of one mapping",
    text: "charger: { idd: A, passwort: secret }\n",
    says: [
      "c.yaml:1:12: charger.idd: there is no such key; did you mean 'id'?",
      "c.yaml:1:20: charger.passwort: there is no such key; did you mean 'password'?",
    ],
  },
  {
    name: "a key in the wrong mapping",
    text: "heartbeat_interval_s: 60\n",
    says: ["c.yaml:1:1: heartbeat_interval_s: there is no such key; it belongs under 'charger'"],
  },
  {
    name: "the beginning of a key",
    text: "charger: { heartbeat: 60 }\n",
    says: [
      "c.yaml:1:12: charger.heartbeat: there is no such key; did you mean 'heartbeat_interval_s'?",
    ],
  },
  {
    name: "an unknown key without a value",
    text: "wibble:\n",
    says: ["c.yaml:1:1: wibble: there is no such key"],
  },
  {
    name: "a broker that is none",
    text: 'mqtt: { url: "http://broker" }\n',
    says: [
      "c.yaml:1:14: mqtt.url: expected a URL that begins with mqtt://, mqtts://, ws:// or wss://, " +
      "without user name and password",
    ],
  },
  {
    name: "a broker without its address",
    text: "mqtt: { username: me }\n",
    says: ["c.yaml:1:7: mqtt: expected `url`, such as mqtt://broker.local:1883"],
  },
  {
    name: "Home Assistant without a token",
    text: "home_assistant: { url: homeassistant.local }\n",
    says: [
      "c.yaml:1:17: home_assistant: expected `token` here, or HA_TOKEN in the environment",
    ],
  },
  {
    name: "a key that is missing",
    text: "id_tags:\n  - name: Car\n",
    says: ["c.yaml:2:5: id_tags[0].tag: is missing; expected text of at most 20 characters"],
  },
  {
    name: "a list where a mapping belongs, and the other way round",
    text: "listen: [1]\nbackends: { id: a }\n",
    says: [
      "c.yaml:1:9: listen: expected a mapping, as `key: value` lines",
      "c.yaml:2:11: backends: expected a list",
    ],
  },
  {
    name: "a file that is a list",
    text: "- a\n",
    says: ["c.yaml:1:1: expected a mapping, as `key: value` lines"],
  },
  {
    name: "a time zone that is almost one",
    text: "time_zone: Europe/Brusels\n",
    says: [
      'c.yaml:1:12: time_zone: found "Europe/Brusels"; expected an IANA time zone such as ' +
      "Europe/Brussels; did you mean 'Europe/Brussels'?",
    ],
  },
  {
    name: "a url of the wrong scheme; the url is not shown",
    text: "backends:\n  - { id: a, url: https://a.example/?key=hush }\n",
    says: ["c.yaml:2:19: backends[0].url: expected a URL that begins with wss:// or ws://"],
  },
  {
    name: "a password in a url",
    text: "backends: [{ id: a, url: wss://me:hush@a.example }]\n",
    says: [
      "c.yaml:1:26: backends[0].url: expected no user name and password in it; " +
      "there are `username` and `password` for them",
    ],
  },
  {
    name: "a backend that can neither be dialled nor dial in",
    text: "backends:\n  - id: a\n",
    says: [`c.yaml:2:5: backends[0]: ${NEEDS_URL_OR_TOKEN}`],
  },
  {
    name: "the same id twice",
    text: "backends:\n  - { id: a, token: x }\n  - { id: a, token: y }\n",
    says: ["c.yaml:3:11: backends[1].id: is the id of another one"],
  },
  {
    name: "a backend that is called as a mode of the owner is",
    text: "backends: [{ id: paused, token: x }]\n",
    says: [
      "c.yaml:1:18: backends[0].id: 'paused' stands for the owner; expected another name",
    ],
  },
  {
    name: "the same token twice; the token is not shown",
    text: `backends: [{ id: a, token: hush }]\napi: { tokens: [{ name: x, token: hush }] }\n`,
    says: [
      "c.yaml:2:35: api.tokens[0].token: is the same as another one; expected one for each",
    ],
  },
  {
    name: "the same tag twice, in another case and with separators",
    text: "id_tags:\n  - tag: ABCD\n  - tag: ab:cd\n",
    says: ["c.yaml:3:10: id_tags[1].tag: stands in the table already"],
  },
  {
    name: "names of backends that are not there: wrong for a tag, a warning in a preference",
    text: EVCC +
      "preferred_provider: evc\nid_tags: [{ tag: A, backend: evvc }]\n" +
      "data_transfer: [{ vendor_id: V, backend: other }]\n",
    says: [
      "c.yaml:2:21: warning: preferred_provider: there is no backend 'evc'; did you mean 'evcc'?" +
      "; it means nothing until there is one",
      "c.yaml:3:30: id_tags[0].backend: there is no backend 'evvc'; did you mean 'evcc'?",
      "c.yaml:4:42: data_transfer[0].backend: there is no backend 'other'",
    ],
  },
  {
    name: "a tag of two owners",
    text: EVCC + "id_tags: [{ tag: A, owner: true, backend: evcc }]\n",
    says: [
      "c.yaml:2:43: id_tags[0].backend: the tag is the owner's; " +
      "expected only one of backend and owner",
    ],
  },
  {
    name: "dial-out keys of a backend that dials in",
    text: "backends: [{ id: a, token: t, password: p, tls_verify: false }]\n",
    says: ["password", "tls_verify"].map((key) =>
      `c.yaml:1:${key === "password" ? 41 : 56}: backends[0].${key}: ` +
      "means nothing without `url`: this backend dials in with its token"
    ),
  },
  {
    name: "authentication without its secret, or with two",
    text: "backends:\n" +
      "  - { id: a, url: ws://a, auth_type: basic }\n" +
      "  - { id: b, url: ws://b, auth_type: bearer }\n" +
      "  - { id: c, url: ws://c, password: p, token: t }\n",
    says: [
      "c.yaml:2:38: backends[0].auth_type: basic needs a password",
      "c.yaml:3:38: backends[1].auth_type: bearer needs a token",
      "c.yaml:4:47: backends[2].token: a password is there too; " +
      "expected auth_type: basic or bearer",
    ],
  },
  {
    name: "a client certificate without its key, and files that are not there",
    text: "listen: { tls: { cert_file: c.pem, key_file: k.pem } }\n" +
      "backends: [{ id: a, url: wss://a, client_cert_file: c.pem }]\n",
    world: { files: { "c.pem": "-----" } },
    says: [
      "c.yaml:1:46: listen.tls.key_file: 'k.pem' cannot be read (there is no such file); " +
      "expected a PEM file",
      "c.yaml:2:53: backends[0].client_cert_file: expected client_key_file with it",
    ],
  },
  {
    name: "a fallback above the cap",
    text: "charger: { max_current_a: 10, fallback_current_a: 16 }\n",
    says: [
      "c.yaml:1:51: charger.fallback_current_a: fallback_current_a is above max_current_a",
    ],
  },
  {
    name: "a subprotocol policy that is none",
    text: "charger: { subprotocol: { none: maybe, other: reject } }\n",
    says: [
      "c.yaml:1:25: charger.subprotocol: expected accept, close or reject, " +
      "or { none: …, other: … } with one of them each",
    ],
  },
  {
    name: "YAML with a key twice",
    text: "currency: EUR\ncurrency: USD\n",
    says: ["c.yaml:2:1: the same key stands twice in this mapping"],
  },
  {
    name: "a second document",
    text: "currency: EUR\n---\ncurrency: USD\n",
    says: ["c.yaml:2:1: a second document begins here; expected only one"],
  },
  {
    name: "YAML indented by a tab",
    text: "listen:\n\thost: a\n",
    says: ["c.yaml:2:1: a tab indents this line; expected spaces"],
  },
  {
    name: "a tag of Home Assistant",
    text: "charger: { password: !secret charger }\n",
    says: [
      "c.yaml:1:22: tags such as !secret mean nothing here; a secret is ${NAME} or in a …_file",
    ],
  },
  {
    name: "a variable without quotes between brackets",
    text: "currency: EUR\nbackends: [{ id: a, token: ${TOKEN} }]\n",
    says: [
      "c.yaml:2:29: this is not YAML (unexpected token); " +
      'between { } or [ ] a variable needs quotes: "${NAME}"',
    ],
  },
  {
    name: "JSON that breaks off",
    text: '{ "listen": { "port": 1 \n',
    says: ["c.yaml:2:1: the indentation does not fit, or a bracket is still open"],
  },
];

for (const { name, text, world, says } of CASES) {
  Deno.test(`told with its place: ${name}`, () => {
    deepEqual(problems(text, world), says);
  });
}

Deno.test("aliases of aliases end at the bound", () => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const item = level === 0 ? "x" : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array(9).fill(item).join(", ")}]`;
  });
  const started = performance.now();
  const said = problems(levels.join("\n") + "\n");
  ok(said.some((line) => line.includes("too many values; at most 20000")), said.join("\n"));
  ok(performance.now() - started < 2000);
});

Deno.test("no text makes the loader throw", () => {
  const words = fc.constantFrom(
    "listen",
    "backends",
    "id_tags",
    "__proto__",
    "constructor",
    ": ",
    "\n",
    "  ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "${X}",
    "${",
    '"',
    "null",
    "\t",
    "password_file",
    "<<",
    "? ",
    "|",
    "é",
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(words, fc.string({ maxLength: 5 })), { maxLength: 25 }),
      (parts) => {
        const loaded = load(parts.join(""));
        if (!loaded.ok) ok(loaded.problems.length > 0);
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("no secret is ever shown", () => {
  const said = problems(
    "charger: { password: [hush] }\n" +
      "backends:\n" +
      "  - { id: hush!, token: { hush: hush } }\n" +
      "  - { id: b, url: 'wss://hush.example/ hush', password: hush, auth_type: bearer }\n" +
      'api: { tokens: [{ name: n, token: hush, scopes: "${SCOPES}" }] }\n',
    { environment: { SCOPES: "hush" } },
  );
  equal(said.length, 5, said.join("\n"));
  // An id is no secret.
  const mentions = said.filter((line) => line.includes("hush"));
  deepEqual(mentions.map((line) => line.split(": ")[1]), ["backends[0].id"]);
});
