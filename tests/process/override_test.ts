// The owner's word outlives the program: said at the command line, killed, and still in force.

import { deepEqual, equal, match } from "node:assert/strict";
import { startProgram } from "../support/program.ts";
import { ocppProxy } from "../cli/run.ts";

const HOUSE = `
backends:
  - { id: evcc, role: controller, token: v }
facts:
  - { name: season }
`;

Deno.test("mode, limit and facts are the same after kill -9", async () => {
  const program = await startProgram({ config: HOUSE });
  const run = async (...words: string[]) => {
    const { code, out, error } = await ocppProxy([...words, "--config", program.configPath]);
    deepEqual([code, error], [0, ""], words.join(" "));
    return out;
  };
  const get = async (name: string) =>
    await (await fetch(`${program.httpUrl}/api/v1/${name}`)).json();
  try {
    match(await run("override", "give", "evcc", "--for", "2h"), /^evcc alone, until 20/);
    match(await run("override", "limit", "9.5"), /^evcc alone, until .*; at most 9\.5 A for every/);
    const put = await fetch(`${program.httpUrl}/api/v1/facts/season`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: '{"value":"winter"}',
    });
    equal(put.status, 200);
    await put.body?.cancel();
    // Reading the decisions writes down what was noted until then.
    equal((await get("decisions")).decisions.length, 2);
    const before = await get("override");
    await program.kill("SIGKILL");
    await program.start();
    deepEqual(await get("override"), before);
    deepEqual([before.mode, before.backend_id, before.limit_a], ["backend", "evcc", 9.5]);
    const [fact] = (await get("facts")).facts;
    deepEqual([fact.value, fact.state], ["winter", "known"]);
    match(await run("status"), /^Mode {6}evcc alone, until 20/m);
    equal(await run("override", "auto"), "auto: backends may take control\n");
    equal((await program.kill("SIGTERM")).code, 0);
    const gone = await ocppProxy(["override", "pause", "--config", program.configPath]);
    equal(gone.code, 1);
    match(gone.error, /^ocpp-proxy: no proxy runs with its data in /);
  } finally {
    await program.close();
  }
});

Deno.test("a program with listeners stops at once", async () => {
  const program = await startProgram({ config: HOUSE });
  try {
    const response = await fetch(`${program.httpUrl}/api/v1/events`);
    const reading = response.text().catch(() => "cut off");
    const begun = performance.now();
    equal((await program.kill("SIGTERM")).code, 0);
    equal(performance.now() - begun < 3_000, true);
    await reading;
  } finally {
    await program.close();
  }
});
