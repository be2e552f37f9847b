// The command `simulate`, as a person at a terminal meets it.

import assert from "node:assert/strict";
import type { CommandContext } from "../../src/cli/context.ts";
import type { SimulateFlags } from "../../src/cli/flags.ts";
import { simulate } from "../../src/cli/simulate.ts";
import { strictBackendServer } from "../support/strict_backend.ts";

const FLAGS: SimulateFlags = {
  url: "ws://127.0.0.1:1/charger",
  id: "SIM001",
  connectors: 1,
  idTag: "04A2B3C4D5",
  powerW: 11_000,
  intervalS: 60,
  speed: 3_600,
  sessions: 1,
};

function recording(): CommandContext & { output: string; errors: string[] } {
  const errors: string[] = [];
  const context = {
    output: "",
    errors,
    colour: false,
    environment: { get: () => undefined },
    out(text: string) {
      context.output += text;
      return true;
    },
    error: (sentence: string) => void errors.push(sentence),
  };
  return context;
}

Deno.test("simulate plays its sessions, tells them, and sums them up", async () => {
  const server = await strictBackendServer();
  const context = recording();
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
  const context = recording();
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
  const context = recording();
  try {
    const flags = { ...FLAGS, url: server.url, password: "wrong" };
    assert.equal(await simulate(flags, context), 1);
    assert.match(context.errors[0] ?? "", /--password/);
  } finally {
    await server.close();
  }
});
