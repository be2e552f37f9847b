// The command `replay` with what people send and type: one clear sentence, and the right exit code.

import { deepEqual, equal, match } from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type WebSocket, WebSocketServer } from "ws";
import metadata from "../../deno.json" with { type: "json" };
import { emptySnapshot } from "../../src/core/record.ts";
import { eventLine, headerLine } from "../../src/recording/recording_format.ts";
import { Recorded } from "../replay/fixture.ts";
import { ocppProxy } from "./run.ts";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const RECORDINGS = fileURLToPath(new URL("../recordings/", import.meta.url));
const CARDS = `${RECORDINGS}household-cards.jsonl`;
const FACTS = `${RECORDINGS}household-facts.jsonl`;
const TRACE = `${RECORDINGS}trace-tc011-remote-start-stop.jsonl`;

const recording = Deno.readTextFileSync(CARDS);
const lines = recording.split("\n");

/** Plays a file of this content. */
async function played(content: string | Uint8Array, ...more: string[]) {
  const folder = await Deno.makeTempDir();
  try {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(join(folder, "r"), bytes);
    const { code, error, out } = await ocppProxy(["replay", join(folder, "r"), ...more]);
    return { code, out, error: error.replaceAll(join(folder, "r"), "r") };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const UTF_16 = new Uint8Array(
  new Uint16Array([...`\ufeff${recording}`].map((sign) => sign.charCodeAt(0))).buffer,
);

const ODD_FILES: readonly (readonly [what: string, content: string | Uint8Array, says: string])[] =
  [
    ["compressed", gzipSync(recording), "r: it is compressed; unpack it with gunzip first"],
    ["UTF-16", UTF_16, "r: it is text in UTF-16; convert it to UTF-8 first"],
    [
      "an array",
      `[\n  ${lines[1]}\n]`,
      "r: it is one JSON array; expected an object a line, as `jq -c .[]` writes it",
    ],
    [
      "without its header",
      lines.slice(1).join("\n"),
      "r: the first line of the recording is missing, which has the configuration",
    ],
    ["empty", "", "r: there is no frame in it"],
    [
      "nested too deeply",
      lines[0]!.replace(
        '"snapshot":',
        `"snapshot":${"[".repeat(60_000)}${"]".repeat(60_000)},"old":`,
      ),
      "r:1: it is nested too deeply",
    ],
    [
      "cut in its header",
      recording.slice(0, 900),
      "r:1: expected JSON, found something else or only a part of it",
    ],
    [
      "of another shape",
      lines.with(5, lines[5]!.replace(/"connection":\d+/, '"connection":"a"')).join("\n"),
      'r:6: event.connection is "a"; expected a number',
    ],
  ];

for (const [what, content, says] of ODD_FILES) {
  Deno.test(`a file that is ${what} is named, exit code 1`, async () => {
    const { code, error } = await played(content, "-q");
    deepEqual({ code, error }, { code: 1, error: `ocpp-proxy: ${says}\n` });
  });
}

Deno.test("line ends of other systems and a byte order mark do not matter", async () => {
  const plain = await played(recording);
  const took = / in \d\.\d s\n$/;
  for (const content of [`\ufeff${recording}`, recording.replaceAll("\n", "\r\n")]) {
    const { code, out } = await played(content);
    equal(code, 0);
    equal(out.replace(took, ""), plain.out.replace(took, ""));
  }
});

Deno.test("a recording that ends within a line is played up to it, and says so", async () => {
  const { code, error } = await played(recording.slice(0, -30), "-q");
  const last = lines.length - 1;
  deepEqual({ code, error }, { code: 0, error: `r:${last}: the file ends within this line\n` });
});

Deno.test("a failure of the core is exit code 1", async () => {
  const { state, now: at } = new Recorded();
  const header = headerLine({
    at,
    configuration: state.configuration,
    snapshot: emptySnapshot(),
    // As no version writes it: of a state, the shape is not known.
    state: { ...state, charger: null as never },
    program: metadata.version,
    idTags: "raw",
  });
  const frame = eventLine(at, { type: "charger_frame", connection: 1, text: "[]" });
  const { code, error } = await played(header + frame + frame, "-q");
  equal(code, 1);
  match(error, /^ocpp-proxy: the core failed 2 times, first at 13:00:00\.000: TypeError: /);
});

Deno.test("what is typed and cannot be is one sentence with its exit code", async () => {
  const missing = join(RECORDINGS, "nowhere", "x");
  const wrong: readonly (readonly [args: readonly string[], code: number, says: string])[] = [
    [["--expect", missing], 1, `${missing} cannot be read (there is no such file)`],
    [["--trace", missing], 1, `${missing} cannot be written (there is no such folder)`],
    [["--trace", RECORDINGS], 1, `${RECORDINGS} cannot be written (it is a folder)`],
    [["--trace", CARDS], 2, `--trace would overwrite ${CARDS}, which is to be read`],
    [["--update", "--expect", CARDS], 2, `--update would overwrite ${CARDS}, which is to be read`],
    [
      ["--update", "--expect", missing, "--trace", missing],
      2,
      `--trace and --update would both write ${missing}`,
    ],
    [
      ["--explain", "12:00", "--trace", missing],
      2,
      "--explain does not go with --expect, --update and --trace",
    ],
    [["--speed", "5"], 2, "--speed and --password go with --to"],
    [
      ["--to", "ws://127.0.0.1:1", "--update"],
      2,
      "--to plays at a live server: --expect, " +
      "--update, --trace and --explain do not go with it",
    ],
  ];
  for (const [args, code, says] of wrong) {
    deepEqual(await ocppProxy(["replay", CARDS, "-q", ...args]), {
      code,
      out: "",
      error: `ocpp-proxy: ${says}\n`,
    });
  }
  equal(Deno.readTextFileSync(CARDS), recording);
  const { code, error } = await ocppProxy(["replay", "/dev/null", "--update"]);
  equal(code, 2);
  match(error, /^ocpp-proxy: --update writes beside the recording, and \/dev\/null is a pipe/);
});

Deno.test("a file is written to its end whatever else is found, and kept where nothing is", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const trace = join(folder, "trace");
    const whole = join(folder, "whole");
    const none = join(folder, "none");
    equal((await ocppProxy(["replay", CARDS, "-q", "--trace", whole])).code, 0);
    await Deno.writeTextFile(none, "");
    const differs = await ocppProxy(["replay", CARDS, "--expect", none, "--trace", trace]);
    equal(differs.code, 3);
    equal(await Deno.readTextFile(trace), await Deno.readTextFile(whole));
    equal((await ocppProxy(["replay", none, "--update", "--expect", trace])).code, 1);
    equal(await Deno.readTextFile(trace), await Deno.readTextFile(whole));
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    deepEqual(left, ["none", "trace", "whole"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "a disk that is full is named with the file, exit code 1",
  ignore: Deno.build.os !== "linux",
  async fn() {
    // Deno gives a device only to a program that may do everything; these tests may not.
    const words = ["replay", CARDS, "-q", "--trace", "/dev/full"];
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", MAIN, ...words],
    }).output();
    equal(code, 1);
    match(
      new TextDecoder().decode(stderr),
      /^ocpp-proxy: \/dev\/full cannot be written \(No space left on device/,
    );
  },
});

Deno.test("--explain before the beginning says when that is, after the end that it is", async () => {
  const before = await ocppProxy(["replay", FACTS, "--explain", "2026-01-01T10:00"]);
  equal(before.code, 1);
  match(before.error, /: it begins later than 2026-01-01T10:00, at 2026-11-22 13:34:\d\d\n$/);
  const after = await ocppProxy(["replay", FACTS, "--explain", "2027-01-01T10:00:05"]);
  equal(after.code, 0);
  match(
    after.out,
    /^2027-01-01 10:00:05 \(Europe\/Brussels\), after the end of the recording at 2026-11-22 13:34:\d\d\n/,
  );
});

/** A central system that does this with every connection. */
async function withServer(
  behave: (socket: WebSocket) => void,
  test: (url: string) => Promise<void>,
): Promise<void> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", behave);
  await once(server, "listening");
  try {
    await test(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    for (const client of server.clients) client.terminate();
    server.close();
  }
}

Deno.test("--to at a server that hangs up is given up, exit code 1", async () => {
  const hangsUp = (socket: WebSocket) => void socket.on("message", () => socket.close(1008, "no"));
  await withServer(hangsUp, async (url) => {
    const args = ["replay", TRACE, "--to", url, "--speed", "1000", "-q"];
    const { code, out, error } = await ocppProxy(args);
    equal(code, 1);
    match(out, /^(! .*, now hung up with code 1008 no\n){3}$/);
    equal(error, `ocpp-proxy: ${url} hung up with code 1008 no: given up after 3 messages\n`);
  });
});

Deno.test("--to with a file without a charger's message is exit code 1", async () => {
  const { code, error } = await played("nothing\n", "--to", "ws://127.0.0.1:1");
  equal(code, 1);
  match(error, /^1 line was not used: no frame \(line 1\)\nocpp-proxy: r: there is no message/);
});
