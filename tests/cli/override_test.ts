// The command `override`: what it says to a real proxy, what it answers, and what it refuses.

import { deepEqual, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { timeToCome } from "../../src/cli/override.ts";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import { bootStrictCharger, strictCharger } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { ocppProxy, type Said } from "./run.ts";

const HOUSE = `
backends:
  - { id: evcc, role: controller, token: v }
  - { id: neighbour, role: biller, token: n }
rules:
  - { name: strangers must ask, when: 'backend == "neighbour"', then: ask, ask_timeout_s: 60 }
`;

/** `ocpp-proxy override …` for the proxy that runs. */
async function say({ dataDir }: Pick<RunningProxy, "dataDir">, ...words: string[]): Promise<Said> {
  const file = join(dataDir, "config.yaml");
  await Deno.writeTextFile(file, `data_dir: ${dataDir}\ntime_zone: Europe/Brussels\n${HOUSE}`);
  return await ocppProxy(["override", ...words, "--config", file]);
}

Deno.test("each word is said to the running proxy, and one sentence tells what holds", () =>
  withProxy(HOUSE, async (running) => {
    const { proxy } = running;
    const holds = async (...words: string[]) => {
      const { code, out, error } = await say(running, ...words);
      deepEqual([code, error], [0, ""], words.join(" "));
      return out;
    };
    equal(await holds("pause"), "paused: nobody charges\n");
    equal(proxy.report().mode.mode, "paused");
    equal(await holds("owner-only"), "owner only: sharing is off\n");
    equal(await holds("give", "evcc"), "evcc alone\n");
    equal(await holds("limit", "10.5"), "evcc alone; at most 10.5 A for everybody\n");
    match(
      await holds("limit", "8", "--until", "2099-01-31T18:00"),
      /^evcc alone; at most 8 A for everybody, until 2099-01-31 18:00:00\n$/,
    );
    equal(await holds("limit", "off"), "evcc alone\n");
    match(await holds("paused", "--for", "1h30m"), /^paused: nobody charges, until 20\d\d-/);
    const { until: end } = proxy.report().mode;
    ok(Math.abs(Date.parse(String(end)) - Date.now() - 5_400_000) < 5_000);
    await holds("limit", "0");
    equal(await holds("auto"), "auto: backends may take control\n");
    equal(proxy.report().owner_limit, null);
  }));

Deno.test("a request is answered by its number", () =>
  withProxy(HOUSE, async (running) => {
    const { proxy, port } = running;
    const charger = await strictCharger(`ws://127.0.0.1:${port}/charger`, "CP001");
    await bootStrictCharger(charger);
    const neighbour = new WebSocket(`ws://127.0.0.1:${port}/backend/neighbour?token=n`);
    await new Promise((resolve) => neighbour.addEventListener("open", resolve));
    neighbour.send(JSON.stringify({ action: "request_control" }));
    await until(() => proxy.report().questions.length > 0, 5_000, "the question");
    deepEqual(await say(running, "deny", "7"), {
      code: 1,
      out: "",
      error: `ocpp-proxy: ${running.url} refuses: there is no request "7"\n`,
    });
    const shown = await ocppProxy(["status", "--config", join(running.dataDir, "config.yaml")]);
    match(
      shown.out,
      /^Asked {5}#1: neighbour wants control\. Rule 'strangers must ask' — .* override allow 1 /m,
    );
    deepEqual(await say(running, "allow", "1"), {
      code: 0,
      out: "request 1: neighbour is allowed (rule 'strangers must ask')\n",
      error: "",
    });
    match(
      (await say(running, "deny", "1")).error,
      /refuses: request 1 has been decided already\n$/,
    );
    equal(proxy.report().holder?.backend_id, "neighbour");
    const closed = new Promise((resolve) => neighbour.addEventListener("close", resolve));
    neighbour.close();
    await closed;
    await charger.close();
  }));

Deno.test("what the proxy refuses is one sentence and exit code 1", () =>
  withProxy(HOUSE, async (running) => {
    deepEqual(await say(running, "give", "nobody"), {
      code: 1,
      out: "",
      error: `ocpp-proxy: ${running.url} refuses: no backend "nobody" is configured or connected\n`,
    });
    match((await say(running, "limit", "off", "--for", "1h")).error, /has no end\n$/);
    equal(running.proxy.report().decisions.length, 0);
  }));

Deno.test("a token needs the scope control; the configuration's own is taken", () => {
  const api = `api:
  tokens:
    - { name: eye, token: reading-token, scopes: [read] }
    - { name: hand, token: steering-token, scopes: [control] }
`;
  return withProxy(HOUSE + api, async (running) => {
    match((await say(running, "pause")).error, /refuses: a token is needed/);
    match(
      (await say(running, "pause", "--token", "reading-token")).error,
      /lacks the scope control/,
    );
    equal((await say(running, "pause", "--token", "steering-token")).code, 0);
    const file = join(running.dataDir, "own.yaml");
    await Deno.writeTextFile(file, `data_dir: ${running.dataDir}\n${HOUSE}${api}`);
    equal((await ocppProxy(["override", "auto", "--config", file])).code, 0);
  });
});

Deno.test("without a running proxy nothing is said and no file is made", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    const said = await say({ dataDir }, "pause");
    equal(said.code, 1);
    match(said.error, /^ocpp-proxy: no proxy runs with its data in .*; start it with 'serve'/);
    deepEqual(Array.from(Deno.readDirSync(dataDir), ({ name }) => name), ["config.yaml"]);
    const stranger = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("somebody else"),
    );
    const url = `http://127.0.0.1:${stranger.addr.port}`;
    await Deno.writeTextFile(join(dataDir, "server.json"), JSON.stringify({ pid: 1, url }));
    match((await say({ dataDir }, "pause")).error, /no proxy runs with its data in/);
    match((await say({ dataDir }, "pause", "--url", url)).error, /is no ocpp-proxy\n$/);
    await stranger.shutdown();
    match((await say({ dataDir }, "pause")).error, /no proxy runs with its data in/);
    match((await say({ dataDir }, "pause", "--url", url)).error, /cannot reach/);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

const MISTAKES: readonly (readonly [words: string, says: RegExp])[] = [
  ["override limit ten", /: limit "ten": expected a number of A from 0 to 80, or off$/m],
  ["override limit 81", /from 0 to 80/],
  ["override limit", /limit/],
  ["override give", /backend/],
  ["override allow three", /expected a whole number/],
  ["override pause --for soon", /: for "soon": expected a duration such as 90s/],
  ["override auto --for 2h", /--for/],
  ["override pause --until yesterday", /--until yesterday: expected a time to come/],
  ["override pause --until 2020-01-01T00:00", /a time to come/],
  ["override pause --for 1h --until 18:00", /not both/],
  ["override resume", /no command 'resume'/],
];

for (const [words, says] of MISTAKES) {
  Deno.test(`a mistake is one sentence and exit code 2: ${words}`, async () => {
    const { code, out, error } = await ocppProxy(words.split(" "), { HOME: "/nowhere" });
    deepEqual([code, out], [2, ""]);
    match(error, says);
    equal(error.trimEnd().split("\n").length, 1);
  });
}

Deno.test("a time of day is the next one, in the household's time zone", () => {
  const now = Date.parse("2026-11-22T16:30:00Z");
  const at = (text: string) => {
    const time = timeToCome(text, "Europe/Brussels", now);
    return time === undefined ? undefined : new Date(time).toISOString();
  };
  equal(at("18:00"), "2026-11-22T17:00:00.000Z");
  equal(at("17:30"), "2026-11-23T16:30:00.000Z");
  equal(at("7:05"), "2026-11-23T06:05:00.000Z");
  equal(at("2026-11-23T18:00"), "2026-11-23T17:00:00.000Z");
  equal(at("2026-11-23T18:00:00Z"), "2026-11-23T18:00:00.000Z");
  for (const text of ["24:30", "18", "2026-11-22T17:00", "2026-11-23", "now"]) {
    equal(at(text), undefined, text);
  }
  // The night in which summer time begins: 02:30 is not there and comes an hour later.
  const spring = Date.parse("2026-03-28T23:00:00Z");
  equal(timeToCome("02:30", "Europe/Brussels", spring), Date.parse("2026-03-29T01:30:00Z"));
});

Deno.test("override and its words have help and completions", async () => {
  const { code, out } = await ocppProxy(["override", "--help"]);
  equal(code, 0);
  for (const word of ["auto", "owner-only", "pause", "give", "limit", "allow", "deny"]) {
    match(out, new RegExp(`^  ${word} +[A-Z]`, "m"));
    const help = await ocppProxy(["override", word, "--help"]);
    equal(help.code, 0);
    match(help.out, new RegExp(`^USAGE\\n  ocpp-proxy override ${word}`));
  }
  const completed = (await ocppProxy(["complete-words", "override", "p"])).out.trimEnd();
  deepEqual(completed.split("\n"), ["pause"]);
  equal((await ocppProxy(["complete-words", "override", "pause", "--fo"])).out, "--for\n");
});
