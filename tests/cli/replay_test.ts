// The command `replay`: what it prints, compares, writes, and its exit codes.

import { deepEqual, doesNotMatch, equal, match, ok } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stage } from "../sockets/stage.ts";
import { freePort } from "../support/broker.ts";
import { ocppProxy } from "./run.ts";

const RECORDINGS = fileURLToPath(new URL("../recordings/", import.meta.url));
const CARDS = `${RECORDINGS}household-cards.jsonl`;
const TRACE = `${RECORDINGS}trace-tc011-remote-start-stop.jsonl`;

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a recording is told in the household's time, with every decision", async () => {
  const { code, out, error } = await ocppProxy(["replay", CARDS]);
  equal(code, 0, error);
  match(out, /^\d{4}-\d\d-\d\d \(Europe\/Brussels\)\n/);
  match(out, /^\d\d:\d\d:\d\d\.\d{3} {2}charger {5}> \[2,.*"BootNotification"/m);
  match(out, /^\d\d:\d\d:\d\d\.\d{3} {2}employer {4}< \[2,.*"NL-EMP-1"/m);
  match(out, /decision {4}owner Authorize: denied: the id tag table denies 'Lost card'/);
  match(out, /\d+ frames and \d+ decisions in \d:\d\d:\d\d, replayed in /);
  equal((await ocppProxy(["replay", CARDS, "--quiet"])).out, "");
});

Deno.test("--update writes an expectation, --expect finds the first difference, exit code 3", async () => {
  await inFolder(async (folder) => {
    const expectation = join(folder, "e.jsonl");
    const updated = await ocppProxy(["replay", CARDS, "--update", "--expect", expectation, "-q"]);
    deepEqual(updated, { code: 0, out: "", error: "" });
    const same = await ocppProxy(["replay", CARDS, "--expect", expectation]);
    equal(same.code, 0);
    match(same.out, /as expected in \d+ lines\n$/);

    const lines = Deno.readTextFileSync(expectation).split("\n");
    const [one = "", other = ""] = [lines[6], lines[6]?.replace(/"text":"\[3/, '"text":"[4')];
    Deno.writeTextFileSync(expectation, lines.with(6, `${other} `).join("\n"));
    const differs = await ocppProxy(["replay", CARDS, "--expect", expectation]);
    equal(differs.code, 3);
    match(differs.out, /^The replay differs from line 7 of the expectation:\n\n( {2}\S.*\n){5}- /);
    ok(differs.out.endsWith(`- ${other} \n+ ${one}\n`));

    Deno.writeTextFileSync(expectation, lines.slice(0, 6).join("\n"));
    const longer = await ocppProxy(["replay", CARDS, "--expect", expectation]);
    match(longer.out, /^- nothing more\n\+ \{/m);
  });
});

Deno.test("--update without --expect writes beside the recording", async () => {
  await inFolder(async (folder) => {
    const copy = join(folder, "r.jsonl");
    Deno.copyFileSync(CARDS, copy);
    equal((await ocppProxy(["replay", copy, "--update", "-q"])).code, 0);
    const written = Deno.readTextFileSync(`${copy}.expected.jsonl`);
    equal(written, Deno.readTextFileSync(`${CARDS}.expected.jsonl`));
  });
});

Deno.test("--trace writes what other tools read, and what replay reads again", async () => {
  await inFolder(async (folder) => {
    const trace = join(folder, "t.jsonl");
    equal((await ocppProxy(["replay", CARDS, "--trace", trace, "-q"])).code, 0);
    const lines = Deno.readTextFileSync(trace).trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    for (const line of lines) {
      equal(line.schemaVersion, "1.1");
      equal(line.transport, "json");
      equal(line.chargePointId, "CP1");
      ok(["cp-to-csms", "csms-to-cp"].includes(line.direction));
      equal(typeof line.raw, "string");
      equal(line.meta.hop, line.meta.peer === "charger" ? "charger" : "backend");
      equal(typeof line.meta.conn, "number");
      const frame = JSON.parse(line.raw);
      equal(line.messageType, ["CALL", "CALLRESULT", "CALLERROR"][frame[0] - 2]);
      equal(line.messageId, String(frame[1]));
      equal(typeof line.action, "string", line.raw);
    }
    const upwards = lines.filter(({ meta, action, messageType }) =>
      meta.peer === "employer" && action === "StartTransaction" && messageType === "CALL"
    );
    deepEqual(upwards.map(({ direction }) => direction), ["cp-to-csms", "cp-to-csms"]);
    const again = await ocppProxy(["replay", trace]);
    equal(again.code, 0);
    match(again.error, /lines were not used: a hop to a backend/);
    match(again.out, /recorded {4}< \[2,"replay\.t1","StartTransaction"/);
  });
});

Deno.test("--explain tells mode, holder, rule, facts and the decisions around", async () => {
  const facts = `${RECORDINGS}household-facts.jsonl`;
  const told = (await ocppProxy(["replay", facts])).out;
  const [, time = ""] = /^(\d\d:\d\d):\d\d\.\d+ {2}decision {4}script.*quiet please/m.exec(told) ??
    [];
  const { code, out, error } = await ocppProxy(["replay", facts, "--explain", time]);
  equal(code, 0, error);
  match(out, new RegExp(`^\\d{4}-\\d\\d-\\d\\d ${time} \\(Europe/Brussels\\)\\n\\n`));
  match(out, /^Mode {6}auto/m);
  match(out, /^Control {3}/m);
  match(out, /^Facts {5}binary_sensor\.guests: /m);
  match(out, /script request_control: denied: rule 'quiet please' — binary_sensor.guests is on/);
  match(
    out,
    /rule 'quiet please': backends script and presence_sensor binary_sensor\.guests: deny/,
  );

  const wrong = await ocppProxy(["replay", facts, "--explain", "teatime"]);
  equal(wrong.code, 2);
  match(wrong.error, /^ocpp-proxy: --explain teatime is not a time/);
});

Deno.test("--config decides by other rules", async () => {
  await inFolder(async (folder) => {
    const config = join(folder, "config.yaml");
    Deno.writeTextFileSync(
      config,
      `data_dir: ${folder}\ntime_zone: Europe/Brussels\nbackends:
  - { id: employer, token: e, role: biller }
  - { id: evcc, token: v, role: controller }
  - { id: script, token: s, role: controller }
rules: [{ name: nobody at all, then: deny }]\n`,
    );
    const recording = `${RECORDINGS}household-remote-start-and-limits.jsonl`;
    const { code, out, error } = await ocppProxy(["replay", recording, "--config", config]);
    equal(code, 0, error);
    match(out, /decision {4}evcc RemoteStartTransaction: denied: rule 'nobody at all'/);
    doesNotMatch(out, /charger {5}< .*RemoteStartTransaction/);
  });
});

Deno.test("what cannot be read is one sentence and exit code 1", async () => {
  for (const [file, says] of [["/nowhere", /nowhere/], [RECORDINGS, /it is a folder/]] as const) {
    const { code, out, error } = await ocppProxy(["replay", file]);
    equal(code, 1);
    equal(out, "");
    match(error, says);
  }
  await inFolder(async (folder) => {
    const file = join(folder, "x.log");
    Deno.writeTextFileSync(file, "nothing\nat all\n");
    const { code, error } = await ocppProxy(["replay", file]);
    equal(code, 1);
    equal(
      error,
      `2 lines were not used: no frame (line 1)\nocpp-proxy: ${file}: there is no frame in it\n`,
    );
  });
});

Deno.test("a trace of another system is played with the transaction ids of the proxy", async () => {
  const { code, out } = await ocppProxy(["replay", TRACE]);
  equal(code, 0);
  const given = /charger +< \[3,.*"transactionId":(\d+)/.exec(out)?.[1];
  match(out, new RegExp(`charger +> .*"StopTransaction".*"transactionId":${given}`));
  // The old central system knows its own, and what it asks of the charger gets there.
  match(out, /recorded +< .*"StopTransaction".*"transactionId":1013/);
  match(out, new RegExp(`charger +< .*"RemoteStopTransaction".*"transactionId":${given}`));
});

Deno.test("--to plays the charger at a live server, with the ids that it gives", async () => {
  await using stage = await Stage.open("rate_limit_seconds: 0\nunknown_id_tags: accept");
  const args = ["replay", TRACE, "--to", stage.chargerUrl, "--speed", "1000"];
  const { code, out, error } = await ocppProxy(args);
  equal(code, 0, `${error}${out}`);
  match(out, /^10 messages, 0 answered otherwise than recorded\n$/m);
  const given = /"transactionId":(\d+),"idTagInfo"/.exec(out)?.[1];
  match(out, new RegExp(`^> .*"StopTransaction".*"transactionId":${given}`, "m"));
  deepEqual(stage.complaints(), []);
});

Deno.test("--to puts the identity before the query of the address", async () => {
  await using stage = await Stage.open("rate_limit_seconds: 0\nunknown_id_tags: accept");
  const url = `${stage.chargerUrl}/?site=home`;
  const { code, error } = await ocppProxy(["replay", TRACE, "--to", url, "--speed", "1000", "-q"]);
  equal(code, 0, error);
});

Deno.test("--to names an answer that is not what was recorded, exit code 3", async () => {
  await using stage = await Stage.open("unknown_id_tags: accept");
  const trace = `${RECORDINGS}trace-tc023-2-authorize-expired.jsonl`;
  const args = ["replay", trace, "--to", stage.chargerUrl, "--speed", "1000", "-q"];
  const { code, out } = await ocppProxy(args);
  equal(code, 3);
  equal(
    out,
    "! Authorize: recorded Expired, now Accepted\n" +
      "4 messages, 1 answered otherwise than recorded\n",
  );
});

Deno.test("--to without a server says so, exit code 1", async () => {
  const url = `ws://127.0.0.1:${freePort()}/charger`;
  const { code, error } = await ocppProxy(["replay", TRACE, "--to", url]);
  equal(code, 1);
  match(error, new RegExp(`^ocpp-proxy: nothing listens at ${url}`));
});
