// Scenario files: what they mean, and every mistake with its place.

import assert from "node:assert/strict";
import { problemText } from "../../src/config/problem.ts";
import { parseScenario } from "../../src/simulate/load_scenario.ts";
import { nextTimeOfDay, type Scenario, startOf } from "../../src/simulate/scenario.ts";
import { SCENARIOS } from "../../src/simulate/scenario_list.ts";

function scenario(text: string): Scenario {
  const loaded = parseScenario(text, "play.yaml");
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join("\n"));
  return loaded.scenario;
}

function problems(text: string): string[] {
  const loaded = parseScenario(text, "play.yaml");
  return loaded.ok ? [] : loaded.problems.map(problemText);
}

/** The problems of one step, in a scenario with a backend evcc and one connector. */
function stepProblems(step: string): string[] {
  return problems(`name: x\nbackends: [{ id: evcc }]\nsteps:\n  - ${step}\n`);
}

Deno.test("a scenario has defaults for all but its name and its steps", () => {
  const { connectors, quirks, backends, speed, startMinute, steps } = scenario(`
name: short
steps:
  - { after: 1h30m, plug: 1 }
  - { at: "18:05", tag: 04A2B3C4D5 }
`);
  assert.deepEqual([connectors, quirks, backends, speed, startMinute], [
    1,
    [],
    [],
    undefined,
    undefined,
  ]);
  assert.deepEqual(steps, [
    {
      when: { type: "after", ms: 5_400_000 },
      act: {
        type: "plug",
        connector: 1,
        car: { batteryWh: 58_000, stateOfCharge: 0.34, maximumPowerW: 11_000 },
      },
    },
    {
      when: { type: "at", minuteOfDay: 1_085 },
      act: { type: "tag", connector: 1, idTag: "04A2B3C4D5" },
    },
  ]);
});

Deno.test("a brand in a scenario stands for its quirks", () => {
  const { quirks } = scenario(
    "name: x\ncharger: { quirks: [growatt] }\nsteps: [{ after: 1s, plug: 1 }]\n",
  );
  assert.deepEqual(quirks.map(({ name }) => name), ["local-time", "no-feature-profiles"]);
});

Deno.test("all mistakes of a scenario are told at once, with line and column", () => {
  assert.deepEqual(
    problems(`name: x
abuot: typing error
speed: fast
charger: { connectors: 17 }
backends: [{ id: evcc, behaves: slwo }]
steps:
  - { at: "25:00", plug: 1 }
  - { after: soon, plug: 1 }
`).map((text) => text.split(":").slice(0, 4).join(":")),
    [
      "play.yaml:2:8: abuot",
      "play.yaml:3:8: speed",
      "play.yaml:4:24: charger.connectors",
      "play.yaml:5:33: backends[0].behaves",
      "play.yaml:7:11: steps[0].at",
      "play.yaml:8:14: steps[1].after",
    ],
  );
});

Deno.test("what is wrong with a step is said, and what was meant", () => {
  const cases: [step: string, expected: RegExp][] = [
    ["{ plug: 1 }", /^play\.yaml:4:5: steps\[0\]: expected either `at` or `after`/],
    ["{ at: '08:00', after: 1m, plug: 1 }", /expected either `at` or `after`/],
    ["{ after: 1m }", /expected one of plug, unplug/],
    ["{ after: 1m, plug: 1, tag: A }", /plug and tag are two steps/],
    ["{ after: 1m, unplug: 1, car: {} }", /^play\.yaml:4:34: .*car: does not go with `unplug`/],
    ["{ after: 1m, plug: 2 }", /there is no connector 2/],
    ["{ after: 1m, plgu: 1 }", /^play\.yaml:4:24: .*did you mean 'plug'\?$/],
    ["{ after: 1m, fault: Broken }", /expected ConnectorLockFailure/],
    ["{ after: 1m, send: Reset }", /expected a `backend`/],
    ["{ after: 1m, backend: evc, send: Reset }", /no backend 'evc'; did you mean 'evcc'\?/],
    ["{ after: 1m, backend: evcc, send: Rest }", /'Rest' is no message of OCPP 1\.6/],
    [
      "{ after: 1m, backend: evcc, send: Reset, payload: { type: Firm } }",
      /^play\.yaml:4:63: steps\[0\]\.payload\.type: .*Hard/,
    ],
  ];
  for (const [step, expected] of cases) {
    const found = stepProblems(step);
    assert.equal(found.length, 1, `${step}: ${found.join("; ")}`);
    assert.match(found[0] ?? "", expected);
  }
});

Deno.test("numbers, ids and variables of a payload are what the message has", () => {
  const [step] = scenario(`
name: x
backends: [{ id: evcc }]
steps:
  - { after: 1s, backend: evcc, send: RemoteStopTransaction, payload: { transactionId: $transaction } }
`).steps;
  assert.equal(step?.act.type, "send");
  assert.deepEqual(
    stepProblems(
      '{ after: 1s, backend: evcc, send: RemoteStartTransaction, payload: { connectorId: 1, idTag: "123" } }',
    ),
    [],
  );
});

Deno.test("a time of day is the next one, also over midnight and a change of the clock", () => {
  const next = (from: string, minute: number, zone = "Europe/Brussels") =>
    new Date(nextTimeOfDay(Date.parse(from), minute, zone)).toISOString();
  assert.equal(next("2026-06-01T12:00:00Z", 18 * 60 + 5), "2026-06-01T16:05:00.000Z");
  assert.equal(next("2026-06-01T18:00:00Z", 18 * 60 + 5), "2026-06-02T16:05:00.000Z");
  assert.equal(next("2026-06-01T16:05:00Z", 18 * 60 + 5), "2026-06-01T16:05:00.000Z");
  assert.equal(next("2026-10-24T20:00:00Z", 7 * 60), "2026-10-25T06:00:00.000Z");
});

Deno.test("a scenario begins at its time of day in the past, less than a day ago", () => {
  const text = 'name: x\ntime_zone: UTC\nstarts: "17:50"\nsteps: [{ after: 1s, plug: 1 }]\n';
  const now = Date.parse("2026-06-01T12:00:00Z");
  assert.equal(startOf(scenario(text), now), Date.parse("2026-05-31T17:50:00Z"));
});

for (const [name, text] of SCENARIOS) {
  Deno.test(`the scenario ${name} has no mistakes, and its own name`, () => {
    assert.equal(scenario(text).name, name);
  });
}
