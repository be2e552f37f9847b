// Attacks on a listener in another process: connections by the thousand, no descriptors, no end.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { until } from "../support/until.ts";
import { clientFrame, RawClient, UPGRADE_LINES } from "./raw_client.ts";

const CHILD = fileURLToPath(import.meta.resolve("./flood_child.ts"));
const CHARGER = fileURLToPath(import.meta.resolve("./flood_charger.ts"));
const SHELL = 'ulimit -n "$1"; exec "$0" run --quiet --allow-all "$2" "$3"';
const AUTHORITY = Deno.readTextFileSync(
  new URL("./certificates/authority.pem", import.meta.url),
);

/** Runs a listener that may have so many descriptors open. */
async function withChild(
  descriptors: number,
  test: (port: number) => Promise<void>,
  argument = "",
): Promise<void> {
  const child = new Deno.Command("sh", {
    args: ["-c", SHELL, Deno.execPath(), String(descriptors), CHILD, argument],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.getReader();
  try {
    const { value } = await reader.read();
    await test(Number(new TextDecoder().decode(value)));
  } finally {
    child.kill("SIGKILL");
    await reader.cancel();
    await child.status;
  }
}

async function get(port: number, path: string): Promise<string> {
  using client = await RawClient.connect(port);
  await client.request(`GET ${path} HTTP/1.1`, ["Host: a", "Connection: close"]);
  return (await client.response()).body;
}

/** Connects as the charger and has a message echoed; how long that took, in milliseconds. */
async function chargerConnects(port: number): Promise<number> {
  const begun = performance.now();
  using charger = await RawClient.upgrade(port, "/charger/A");
  await charger.write(clientFrame(1, "[2]"));
  assert.equal(await charger.message(), "[2]");
  return performance.now() - begun;
}

/** Another process, so that our own attack does not slow it down. */
function chargerProcess(port: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-net", CHARGER, String(port)],
    stdout: "piped",
  }).spawn();
}

async function stopAndRead(process: Deno.ChildProcess): Promise<string> {
  process.kill("SIGKILL");
  return new TextDecoder().decode((await process.output()).stdout);
}

/** A connection that asks for something or nothing and stays until it is thrown out. */
async function attack(port: number, kind: number): Promise<void> {
  try {
    using client = await RawClient.connect(port);
    if (kind === 1) await client.write("GET / HTTP/1.1\r\nX-Half:");
    if (kind === 2) await client.request("GET / HTTP/1.1", ["Host: a"]);
    await client.rest();
  } catch {
    // Thrown out while connecting.
  }
}

Deno.test("10,000 connections with 256 descriptors: the charger connects, and all is well after", () =>
  withChild(256, async (port) => {
    using charger = await RawClient.upgrade(port, "/charger/B");
    const other = chargerProcess(port);
    let begun = 0;
    const attackers = Array.from({ length: 250 }, async () => {
      while (begun < 10_000) {
        begun++;
        await attack(port, begun % 3);
      }
    });
    await Promise.all(attackers);
    const times = (await stopAndRead(other)).trim().split("\n");
    assert.ok(times.length >= 5, `${times.length} connections`);
    for (const time of times) assert.ok(Number(time) < 1_000, `a connection: ${time}`);
    await charger.write(clientFrame(1, "still here"));
    assert.equal(await charger.message(), "still here");
    assert.equal(await get(port, "/"), "here\n");
  }));

Deno.test("a listener out of descriptors is not deaf for ever", () =>
  withChild(256, async (port) => {
    using charger = await RawClient.upgrade(port, "/charger/B");
    assert.ok(Number(await get(port, "/hoard")) > 100);
    assert.ok(await chargerConnects(port) < 1_500);
    await charger.write(clientFrame(1, "still here"));
    assert.equal(await charger.message(), "still here");
    assert.equal(await get(port, "/"), "here\n");
  }));

Deno.test("600 MiB in fragments of 1 MiB are refused at once and cost no memory", () =>
  withChild(1_024, async (port) => {
    const fragment = clientFrame(0, new Uint8Array(1024 * 1024), { final: false });
    const first = clientFrame(1, new Uint8Array(1024 * 1024), { final: false });
    const send = async () => {
      using client = await RawClient.upgrade(port, "/charger/A");
      let sent = 0;
      try {
        await client.write(first);
        while (++sent < 600) await client.write(fragment);
      } catch {
        // Refused.
      }
      assert.ok(sent < 30, `${sent} MiB were taken`);
      const close = await client.frame();
      assert.equal(close.code, 1009);
    };
    const rss = async () => Number(await get(port, "/rss"));
    // Code that is compiled and a heap that finds its size are no cost of the attack.
    for (let i = 0; i < 5; i++) await send();
    const grownMiB: number[] = [];
    for (let i = 0; i < 5; i++) {
      const before = await rss();
      await send();
      grownMiB.push((await rss() - before) / 1024 / 1024);
    }
    assert.ok(grownMiB.sort((a, b) => a - b)[2]! <= 2, `${grownMiB} MiB`);
  }));

Deno.test("TLS: whoever stalls is cut off, and its descriptor is free", () =>
  withChild(1_024, async (port) => {
    const ask = async (path: string) => {
      using client = await RawClient.connectTls(port, AUTHORITY);
      await client.request(`GET ${path} HTTP/1.1`, ["Host: a", "Connection: close"]);
      return Number((await client.response()).body);
    };
    await ask("/descriptors");
    const before = await ask("/descriptors");

    const stalled = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(port)));
    for (const client of stalled) await client.write("\x16\x03\x01\x02\x00");
    assert.ok(await ask("/descriptors") >= before + 20);
    await until(async () => await ask("/descriptors") < before + 5, 4_000, "their end");

    using deaf = await RawClient.connectTls(port, AUTHORITY);
    await deaf.request("GET /backend HTTP/1.1", UPGRADE_LINES);
    assert.equal((await deaf.response()).status, 101);
    await until(async () => await ask("/flood") > 1_000_000, 5_000, "the buffers to be full");
    const full = await ask("/descriptors");
    await ask("/terminate");
    await until(async () => await ask("/descriptors") < full, 1_000, "the descriptor");
    for (const client of stalled) client[Symbol.dispose]();
  }, "tls"));
