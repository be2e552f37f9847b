// The command `simulate`, as a person at a terminal meets it.

import assert from "node:assert/strict";
import { simulate } from "../../src/cli/simulate.ts";
import { adviceFor, isFinal } from "../../src/cli/simulate_advice.ts";
import { idTag } from "../../src/cli/simulate_command.ts";
import { strictBackendServer } from "../support/strict_backend.ts";
import { FLAGS, terminal } from "./terminal.ts";

Deno.test("simulate plays its sessions, tells them, and sums them up", async () => {
  const server = await strictBackendServer();
  const context = terminal();
  try {
    const flags = { ...FLAGS, url: `${server.url}/charger`, sessions: 2, backend: ["evcc:secret"] };
    assert.equal(await simulate(flags, context), 0);
    assert.deepEqual(context.errors, []);
    assert.equal(server.payloads("StopTransaction").length, 2);
    const energyWh = [0, 1].map((index) =>
      Number(server.payloads("StopTransaction")[index]?.meterStop) -
      Number(server.payloads("StartTransaction")[index]?.meterStart)
    );
    // The cars arrive with room for 6.6 kWh and leave full.
    for (const wh of energyWh) assert.ok(Math.abs(wh - 6_600) <= 1, `${wh} Wh`);
    assert.match(context.output, /^\d\d:\d\d:\d\d {2}SIM001 {2}connected to /);
    assert.match(context.output, /evcc {4}connected to the proxy/);
    assert.match(context.output, /SIM001 {2}2 sessions, 13\.\d{3} kWh in \d+ minutes\n/);
    assert.ok(server.identities.includes("evcc"));
    assert.deepEqual(server.violations, []);
  } finally {
    await server.close();
  }
});

Deno.test("simulate ends with code 1 and what to do, when nobody listens", async () => {
  const context = terminal();
  assert.equal(await simulate(FLAGS, context, 500), 1);
  assert.equal(context.errors.length, 1);
  assert.match(
    context.errors[0] ?? "",
    /nothing listens at ws:\/\/127\.0\.0\.1:1\/charger\/SIM001;/,
  );
  assert.match(context.errors[0] ?? "", /ocpp-proxy serve/);
});

Deno.test("simulate ends with code 1 when the password is wrong", async () => {
  const server = await strictBackendServer({ password: "right" });
  const context = terminal();
  try {
    const flags = { ...FLAGS, url: server.url, password: "wrong" };
    assert.equal(await simulate(flags, context), 1);
    assert.match(context.errors[0] ?? "", /--password/);
  } finally {
    await server.close();
  }
});

Deno.test("what keeps a charger away is told with what to do about it", () => {
  const url = "ws://csms.example/CP1";
  assert.match(adviceFor(`${url} answered HTTP 401`), /--password/);
  assert.match(adviceFor(`${url} answered HTTP 404`), /--url.*--id/);
  assert.match(adviceFor(`${url}: unable to verify the first certificate`), /--ca-file/);
  assert.match(adviceFor(`${url}: socket hang up`), /wss:/);
  assert.match(adviceFor(`nothing listens at ${url}`), /ocpp-proxy serve/);
  assert.equal(isFinal(`${url} answered HTTP 403`), true);
  // Too many tries, or too busy: that passes.
  assert.equal(isFinal(`${url} answered HTTP 429`), false);
  assert.equal(isFinal(`${url} answered HTTP 503`), false);
});

Deno.test("an id tag that no message can carry is refused", () => {
  assert.equal(idTag("x".repeat(20)).length, 20);
  assert.throws(() => idTag("x".repeat(21)), /at most 20 characters/);
});

Deno.test("--quirk list and --scenario list show what there is, with no connection", async () => {
  const context = terminal();
  assert.equal(await simulate({ ...FLAGS, quirk: ["list"] }, context), 0);
  assert.match(context.output, /^no-subprotocol +offers no .* \(grizzl-e: lbbrhzn\/ocpp#442\)$/m);
  assert.equal(await simulate({ ...FLAGS, scenario: "list" }, context), 0);
  assert.match(context.output, /^overnight-solar +a controller that limits by the sun/m);
  assert.deepEqual(context.errors, []);
});

Deno.test("what is misspelled on the command line is code 2, and what was meant", async () => {
  const context = terminal();
  assert.equal(await simulate({ ...FLAGS, quirk: ["hauwei"] }, context), 2);
  assert.equal(await simulate({ ...FLAGS, backend: ["evcc:secret,slwo"] }, context), 2);
  assert.deepEqual(context.errors, [
    "ocpp-proxy: there is no quirk 'hauwei'; did you mean 'huawei'?",
    "ocpp-proxy: no backend behaves 'slwo'; did you mean 'slow'?",
  ]);
});

Deno.test("a scenario that cannot be played is code 1, with its places", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  const context = terminal();
  try {
    await Deno.writeTextFile(file, "name: x\nsteps:\n  - { after: 1m, plgu: 1 }\n");
    assert.equal(await simulate({ ...FLAGS, scenario: file }, context), 1);
    assert.equal(
      context.errors[0],
      `${file}:3:24: steps[0].plgu: there is no such key; did you mean 'plug'?`,
    );
    assert.equal(await simulate({ ...FLAGS, scenario: "comute" }, context), 1);
    assert.match(context.errors[1] ?? "", /^comute: there is no such file.*commute/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a scenario from a file is played with its quirks, settings and connectors", async () => {
  const server = await strictBackendServer();
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  const context = terminal();
  try {
    await Deno.writeTextFile(
      file,
      `
name: two connectors
charger: { connectors: 2, quirks: [spaces], settings: { MeterValueSampleInterval: 350 } }
steps:
  - { after: 10s, plug: 2 }
  - { after: 10s, tag: 04FFEE0011, connector: 2 }
  - { after: 20m, unplug: 2 }
`,
    );
    const { speed: _, ...flags } = FLAGS;
    const code = await simulate(
      { ...flags, speed: 1_200, url: server.url, scenario: file },
      context,
    );
    assert.equal(code, 0, context.errors.join("\n"));
    assert.equal(server.payloads("StartTransaction")[0]?.connectorId, 2);
    assert.equal(server.payloads("MeterValues").length, 3);
    assert.match(context.output, /1 session, 3\.\d{3} kWh in 2[01] minutes/);
  } finally {
    await server.close();
    await Deno.remove(file);
  }
});
