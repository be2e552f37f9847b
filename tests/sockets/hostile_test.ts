// Peers that send whatever hurts: answered as OCPP-J says or dropped, and never passed on.

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { clientFrame, RawClient } from "../io/raw_client.ts";
import {
  bootStrictCharger,
  strictCharger,
  type StrictClient,
  strictDialInBackend,
} from "../support/strict_charger.ts";
import { pause, until } from "../support/until.ts";
import { begin, finish } from "./charging.ts";
import { JsonClient } from "./json_client.ts";
import { RawPeer } from "./raw_peer.ts";
import { Stage } from "./stage.ts";

const CONFIGURATION = `
charger: { id: CP1, password: secret }
start_spacing_ms: 0
backends:
  - { id: strict, token: s, role: biller }
  - { id: hostile, token: h, role: admin }
  - { id: panel, token: p, role: controller }
`;

const BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]';

function nested(depth: number): string {
  return `${"[".repeat(depth)}${"]".repeat(depth)}`;
}

/** What is sent; the id that has to be answered with a CALLERROR, if any; else it is ignored. */
const TEXTS: readonly [string, string, string?][] = [
  ["nothing", ""],
  ["garbage", "\u0001\u0002garbage"],
  ["half a frame", '[2,"x"'],
  ["half a CALL", '[2,"x","Heartbeat",{"a', "x"],
  ["an object", '{"action":"Heartbeat"}'],
  ["a number", "17"],
  ["null", "null"],
  ["an empty list", "[]"],
  ["a type that is text", '["2","x","Heartbeat",{}]'],
  ["a type that does not exist", '[7,"x","Heartbeat",{}]'],
  ["an id that is an object", '[2,{},"Heartbeat",{}]'],
  ["an id that is null", '[2,null,"Heartbeat",{}]'],
  ["an action that is a number", '[2,"x",5,{}]', "x"],
  ["a payload that is text", '[2,"x","Heartbeat","{}"]', "x"],
  ["a payload that is a list", '[2,"x","Heartbeat",[]]', "x"],
  ["too few elements", '[2,"x","Heartbeat"]', "x"],
  ["too many elements", '[2,"x","Heartbeat",{},1,2]', "x"],
  ["an unknown action", '[2,"x","Explode",{}]', "x"],
  ["an action named like a property", '[2,"x","__proto__",{}]', "x"],
  ["an action named like a method", '[2,"x","constructor",{}]', "x"],
  ["a very long action", `[2,"x","${"A".repeat(100_000)}",{}]`, "x"],
  ["an orphan result", '[3,"x",{}]'],
  ["an orphan error", '[4,"x","GenericError","",{}]'],
  ["an error whose code is a number", '[4,"x",5,"",{}]'],
  ["an id with NUL", '[2,"x\\u0000y","Explode",{}]', "x\u0000y"],
  ["an id with a line feed", '[2,"x\\ny","Explode",{}]', "x\ny"],
  ["a lone surrogate", '[2,"x","DataTransfer",{"vendorId":"\\ud800"}]'],
  ["nesting of 100,000 lists", nested(100_000)],
  ["nesting in a payload", `[2,"x","DataTransfer",{"vendorId":"v","data":${nested(10_000)}}]`, "x"],
];

/** Sends all of it, and looks at what came back. */
async function assault(peer: RawPeer, texts: typeof TEXTS, settle: () => Promise<void>) {
  for (const [what, text, id] of texts) {
    const known = peer.frames.length;
    peer.send(text);
    await settle();
    const answers = peer.frames.slice(known).filter(([type]) => type !== 2);
    const errors = answers.filter(([type]) => type === 4);
    if (id !== undefined) {
      assert.deepEqual(errors.map((frame) => frame[1]), [id], what);
      assert.ok(String(errors[0]![3]).length <= 255, what);
    } else {
      assert.ok(answers.filter(([type]) => type === 3).length <= 2, what);
    }
    assert.equal(peer.closed, undefined, what);
  }
}

/** A session goes on beside all of it, and everything about it is right. */
async function withSession(
  test: (stage: Stage, charger: StrictClient) => Promise<void>,
): Promise<void> {
  await using stage = await Stage.open(CONFIGURATION);
  const strict = await strictDialInBackend(stage.backendUrl, "strict", "s");
  const options = { password: "secret", reconnect: false };
  const charger = await strictCharger(stage.chargerUrl, "CP1", options);
  try {
    await bootStrictCharger(charger);
    const transactionId = await begin(charger);
    await test(stage, charger);
    await finish(charger, transactionId);
    await until(() => strict.payloads("StopTransaction").length === 1, 5_000, "the end");
    assert.ok(charger.connected, "the charger lost its connection");
    assert.equal(strict.payloads("MeterValues").length, 2);
    assert.deepEqual(charger.received, [], "something reached the charger");
    assert.deepEqual([...charger.violations, ...strict.violations], []);
    assert.deepEqual(stage.complaints(), []);
  } finally {
    await Promise.all([charger.close(), strict.close()]);
  }
}

Deno.test("N66: a hostile charger is answered or ignored, stays connected, and nothing is passed on", async () => {
  await using stage = await Stage.open(CONFIGURATION.replace(", password: secret", ""));
  const strict = await strictDialInBackend(stage.backendUrl, "strict", "s");
  const charger = await RawPeer.connect(`${stage.chargerUrl}/CP1`);
  await charger.ask(BOOT, "boot");
  await until(() => strict.received.length > 0, 2_000, "the boot");
  const known = strict.received.length;
  await assault(charger, TEXTS, () => charger.settle());
  assert.equal(strict.received.length, known);
  await Promise.all([charger.close(), strict.close()]);
  assert.deepEqual(strict.violations, []);
  assert.deepEqual(stage.complaints(), []);
});

Deno.test("N66: a hostile backend is answered or ignored, and the charger hears none of it", () =>
  withSession(async (stage) => {
    const hostile = await RawPeer.connect(`${stage.backendUrl}/hostile`, "h");
    let round = 0;
    const settle = async () => {
      const id = `settle-${++round}`;
      await hostile.ask(
        `[2,"${id}","ChangeConfiguration",{"key":"HeartbeatInterval","value":"60"}]`,
        id,
      );
    };
    const texts = TEXTS.filter(([what]) => what !== "a lone surrogate");
    await assault(hostile, texts, settle);
    await hostile.close();
  }));

Deno.test("a hostile JSON backend gets an error for everything, and the charger hears none of it", () =>
  withSession(async (stage) => {
    const panel = await JsonClient.connect(`${stage.backendUrl}/panel`, { token: "p" });
    for (const [what, text] of TEXTS) {
      const known = panel.messages.length;
      panel.send(text);
      await until(
        () => panel.messages.slice(known).some(({ error }) => error !== undefined),
        2_000,
        `an error for ${what}`,
      );
    }
    assert.equal((await panel.request({ action: "ping" })).result, "pong");
    await panel.close();
  }));

/** Bytes on the WebSocket of a backend, and the code that it is closed with. */
const BYTES: readonly [string, () => Uint8Array[], number][] = [
  ["text that is not UTF-8", () => [clientFrame(1, Uint8Array.of(0x5b, 0xff, 0xfe))], 1007],
  ["a binary frame that is not UTF-8", () => [clientFrame(2, Uint8Array.of(0xff, 0xfe))], 1007],
  ["an unknown opcode", () => [clientFrame(5, "x")], 1002],
  ["a reserved bit", () => [clientFrame(1, "x", { reserved: 0x40 })], 1002],
  ["a message of 20 MB", () => [clientFrame(1, new Uint8Array(20_000_000).fill(0x20))], 1009],
  [
    "a message of 100 MB in fragments",
    () => {
      const piece = new Uint8Array(1_000_000).fill(0x20);
      const next = clientFrame(0, piece, { final: false });
      return [clientFrame(1, piece, { final: false }), ...Array<Uint8Array>(99).fill(next)];
    },
    1009,
  ],
];

Deno.test("broken and oversized WebSocket traffic ends its own connection only", () =>
  withSession(async (stage, charger) => {
    for (const [what, frames, code] of BYTES) {
      using client = await RawClient.upgrade(stage.port, "/backend/hostile?token=h", [
        "Sec-WebSocket-Protocol: ocpp1.6",
      ]);
      const before = Deno.memoryUsage().rss;
      const write = async () => {
        for (const frame of frames()) await client.write(frame);
      };
      const writing = write().catch(() => {});
      const close = async () => {
        for (let frame = await client.frame();; frame = await client.frame()) {
          if (frame.opcode === 8) return frame.code;
        }
      };
      assert.equal(await close(), code, what);
      client[Symbol.dispose]();
      await writing;
      assert.ok(Deno.memoryUsage().rss - before < 150e6, `${what} took too much memory`);
      assert.ok((await charger.call("Heartbeat")).currentTime);
    }
  }));

Deno.test("a charger's duplicate ids are answered each time, and a flood of them as well", async () => {
  await using stage = await Stage.open("charger: { id: CP1 }");
  const charger = await RawPeer.connect(`${stage.chargerUrl}/CP1`);
  for (let index = 0; index < 2_000; index++) charger.send('[2,"same","Heartbeat",{}]');
  await until(() => charger.answersTo("same").length === 2_000, 5_000, "2,000 answers");
  await charger.close();
});

Deno.test("N63, N51: a charger may use the id of a CALL that it has not answered yet", async () => {
  await using stage = await Stage.open(CONFIGURATION.replace(", password: secret", ""));
  const backend = await RawPeer.connect(`${stage.backendUrl}/hostile`, "h");
  const charger = await RawPeer.connect(`${stage.chargerUrl}/CP1`);
  await charger.ask(BOOT, "boot");
  const reset = backend.ask('[2,"1","Reset",{"type":"Soft"}]', "1");
  const [, id] = await until(() => charger.calls[0], 12_000, "the Reset at the charger");
  const heartbeat = await charger.ask(`[2,"${id}","Heartbeat",{}]`, id);
  assert.equal(heartbeat[0], 3);
  charger.send(`[3,"${id}",{"status":"Accepted"}]`);
  assert.deepEqual(await reset, [3, "1", { status: "Accepted" }]);
  await Promise.all([charger.close(), backend.close()]);
});

Deno.test("200 half-sent handshakes and 2,000 attempts do not keep the charger from being served", () =>
  withSession(async (stage, charger) => {
    const halves = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const client = await RawClient.connect(stage.port);
        await client.write("GET /charger/CP1 HTTP/1.1\r\nHost: x\r\n").catch(() => {});
        return client;
      }),
    );
    const took: number[] = [];
    let attacking = true;
    const beating = (async () => {
      while (attacking) {
        const sent = performance.now();
        await charger.call("Heartbeat");
        took.push(performance.now() - sent);
        await pause(5);
      }
    })();
    for (let batch = 0; batch < 40; batch++) {
      await Promise.all(Array.from({ length: 50 }, async () => {
        try {
          using client = await RawClient.connect(stage.port);
          await client.write(Buffer.from("GET /backend/none HTTP/1.1\r\n\r\n"));
        } catch {
          // Turned away: that is what it is for.
        }
      }));
    }
    attacking = false;
    await beating;
    for (const client of halves) client[Symbol.dispose]();
    took.sort((a, b) => a - b);
    assert.ok(took.length > 10);
    assert.ok(took.at(-1)! < 1_000, `a Heartbeat took ${took.at(-1)} ms`);
  }));
