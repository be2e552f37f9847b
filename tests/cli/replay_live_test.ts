// `replay --to` with a recording of our own: what one proxy recorded, played at another.

import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Stage } from "../sockets/stage.ts";
import { ocppProxy } from "./run.ts";

const RECORDINGS = fileURLToPath(new URL("../recordings/", import.meta.url));
const SESSION = `${RECORDINGS}trace-tc011-remote-start-stop.jsonl`;
/** Of the same charger. */
const OTHER_SESSION = `${RECORDINGS}trace-tc028-remote-stop-rejected.jsonl`;
const AUTHORIZE = `${RECORDINGS}trace-tc023-2-authorize-expired.jsonl`;
const ANYBODY = "rate_limit_seconds: 0\nunknown_id_tags: accept";
const NOBODY = "rate_limit_seconds: 0\nunknown_id_tags: reject";

const playAt = (file: string, stage: Stage) =>
  ocppProxy(["replay", file, "--to", stage.chargerUrl, "--speed", "1000"]);

/** Plays a trace at a proxy that records it; what was said, and the recording. */
async function recorded(
  trace: string,
  test: (recording: string, out: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "r.jsonl");
    let out: string;
    {
      await using stage = await Stage.open(ANYBODY, file);
      ({ out } = await playAt(trace, stage));
    }
    await test(file, out);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The transaction id that the charger was given, and the one that it used. */
function idsIn(out: string): (string | undefined)[] {
  return [
    /^< .*"transactionId":(\d+),"idTagInfo"/m.exec(out)?.[1],
    /^> .*"StopTransaction".*"transactionId":(\d+)/m.exec(out)?.[1],
  ];
}

Deno.test("a recording is played with the transaction ids that the live server gives", async () => {
  await recorded(SESSION, async (recording, before) => {
    await using stage = await Stage.open(ANYBODY);
    // Both proxies may begin with the same id: one is used up.
    await playAt(OTHER_SESSION, stage);
    const { code, out, error } = await playAt(recording, stage);
    equal(code, 0, `${error}${out}`);
    const [given, used] = idsIn(out);
    equal(used, given);
    notEqual(given, idsIn(before)[0]);
    deepEqual(stage.complaints(), []);
  });
});

Deno.test("a live server is compared with what the proxy answered in a recording", async () => {
  await recorded(AUTHORIZE, async (recording) => {
    await using stage = await Stage.open(NOBODY);
    const { code, out } = await playAt(recording, stage);
    equal(code, 3);
    match(out, /^! Authorize: recorded Accepted, now Invalid$/m);
  });
});
