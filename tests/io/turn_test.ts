// One connection that has much to say, and another that has a word to put in.

import assert from "node:assert/strict";
import { until } from "../support/until.ts";
import { withListener } from "./listener_fixture.ts";
import { clientFrame, RawClient } from "./raw_client.ts";

/** Sent at once, which fits into the buffers of the system. */
const FLOOD = 1_000;
/** What each of them costs, ms. */
const COST_MS = 1;

const QUIET = { pong() {}, closed() {} };

function work(): void {
  const end = performance.now() + COST_MS;
  while (performance.now() < end);
}

function repeated(frame: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(frame.length * times);
  for (let i = 0; i < times; i++) all.set(frame, i * frame.length);
  return all;
}

Deno.test("a flood of messages is served in turns", () =>
  withListener(async ({ port, visits }) => {
    using flooder = await RawClient.upgrade(port, "/backend/flooder");
    using charger = await RawClient.upgrade(port, "/charger/A");
    await until(() => visits.length === 2, 1_000, "both");
    let served = 0;
    let servedBefore: number | undefined;
    visits[0]!.socket.handler = {
      ...QUIET,
      message() {
        work();
        served++;
      },
    };
    visits[1]!.socket.handler = { ...QUIET, message: () => servedBefore = served };
    await flooder.write(repeated(clientFrame(1, "x"), FLOOD));
    await until(() => served > 0, 1_000, "the flood");
    await charger.write(clientFrame(1, "x"));
    await until(() => served === FLOOD, 10_000, "the end of the flood");
    assert.ok(servedBefore! < FLOOD / 2, `it had to wait for ${servedBefore}`);
  }));

Deno.test("a flood of requests is served in turns", () => {
  let served = 0;
  let servedBefore: number | undefined;
  const fetch = (request: Request) => {
    if (request.url.endsWith("/flood")) {
      work();
      served++;
    } else {
      servedBefore = served;
    }
    return new Response("");
  };
  return withListener(async ({ port }) => {
    using flooder = await RawClient.connect(port);
    using other = await RawClient.connect(port);
    const request = new TextEncoder().encode("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
    await flooder.write(repeated(request, FLOOD));
    await until(() => served > 0, 1_000, "the flood");
    await other.request("GET /other HTTP/1.1", ["Host: a"]);
    await until(() => served === FLOOD, 10_000, "the end of the flood");
    assert.ok(servedBefore! < FLOOD / 2, `it had to wait for ${servedBefore}`);
  }, { fetch });
});
