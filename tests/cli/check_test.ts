// The command `check`: problems on standard error and exit code 1, or a summary without secrets.

import { deepEqual, equal, ok } from "node:assert/strict";
import { ocppProxy } from "./run.ts";

async function check(text: string, environment?: Record<string, string>) {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, text);
    const said = await ocppProxy(["check", "--config", file], environment);
    const named = (output: string) => output.replaceAll(file, "c.yaml");
    return { code: said.code, out: named(said.out), error: named(said.error) };
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("every problem is a line on standard error, and the exit code is 1", async () => {
  deepEqual(await check("backend: []\nlisten: { port: x }\n"), {
    code: 1,
    out: "",
    error: "c.yaml:1:1: backend: there is no such key; did you mean 'backends'?\n" +
      'c.yaml:2:17: listen.port: found "x"; expected a whole number from 0 to 65535\n',
  });
});

Deno.test("a right file is summed up; warnings stop nothing", async () => {
  const text = `
listen: { host: 127.0.0.1, port: 9001 }
time_zone: Europe/Brussels
charger: { id: CP001, password: hush, max_current_a: 16 }
backends:
  - { id: employer, url: "wss://csms.example:444/ocpp?key=hush", charge_point_id: NL-1, password: hush, role: biller }
  - { id: evcc, token: hush2, role: controller }
  - { id: old, url: ws://old.example, enabled: false }
  - { id: plain, url: wss://plain.example, tls_verify: false }
preferred_provider: employer
blocked_providers: [old]
rules:
  - { name: evening, when: 'hour > 17 && ha("person.me") == "home"', then: deny }
  - { name: rest, then: limit, current_a: 10 }
tariffs:
  - { name: employer, valid_until: 2026-01-01 }
  - { name: employer, valid_from: 2026-01-01 }
  - { name: guest }
household: { price_sensor: sensor.price }
id_tags: [{ tag: "04" }]
unknown_id_tags: reject
`;
  const { code, out, error } = await check(text);
  equal(code, 0);
  equal(error, "");
  equal(
    out,
    `c.yaml is valid.

Listens on 127.0.0.1:9001; keeps its data in ./data; time zone Europe/Brussels, currency EUR.
Charger: CP001, with a password.
Backends:
  employer: biller, is dialled at wss://csms.example:444 as NL-1 with a password
  evcc: controller, dials in to /backend/evcc with its token
  old: disabled
  plain: observer, is dialled at wss://plain.example, whatever its certificate
Sharing is on; 'employer' comes first; never: old.
Rules, of which the first that matches decides:
  deny: evening
  limit to 10 A: rest
Facts that are looked at: person.me, sensor.price.
Tariffs: employer, guest; the household itself pays what sensor.price says.
Id tags: 1 in the table; unknown ones are rejected.
`,
  );
  ok(!`${out}${error}`.includes("hush"));
});

Deno.test("secrets from the environment are found", async () => {
  const text = "charger: { password: '${CHARGER_PASSWORD}' }\n";
  equal((await check(text)).code, 1);
  equal((await check(text, { CHARGER_PASSWORD: "x" })).code, 0);
});
