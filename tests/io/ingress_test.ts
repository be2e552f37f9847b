// Home Assistant's ingress: who comes that way is known there, and sees the page in a frame.

import { equal, match } from "node:assert/strict";
import { withProxy } from "../support/running_proxy.ts";

const TOKENS = `
listen: { port: 9000 }
api: { tokens: [{ name: a, token: long-enough-token, scopes: [read] }] }
`;

/** What comes through the supervisor, whatever host the browser asked for. */
const BY_INGRESS = {
  origin: "https://home.example",
  "x-ingress-path": "/api/hassio_ingress/abc",
  "x-forwarded-for": "192.168.1.7",
};

Deno.test("an app lets in whoever Home Assistant has logged in, to read and to decide", () =>
  withProxy(TOKENS, async ({ handler, proxy }) => {
    const ask = (path: string, remoteAddress: string, init: RequestInit = {}) =>
      handler(new Request(`http://172.30.33.4:9000${path}`, { headers: BY_INGRESS, ...init }), {
        remoteAddress,
      });
    const page = await ask("/", "172.30.32.2");
    equal(page.status, 200);
    match(page.headers.get("content-security-policy") ?? "", /frame-ancestors 'self'$/);
    match(await page.text(), /ws:\/\/&lt;address of Home Assistant&gt;:9000\/charger/);
    const paused = await ask("/api/v1/override", "172.30.32.2", {
      method: "POST",
      headers: { ...BY_INGRESS, "content-type": "application/json" },
      body: '{"mode": "paused"}',
    });
    equal(paused.status, 200);
    equal(proxy.report().mode.mode, "paused");
    for (const stranger of ["172.30.32.1", "172.30.33.5", "192.168.1.7"]) {
      equal((await ask("/", stranger)).status, 403, stranger);
    }
  }, { behindIngress: true }));

Deno.test("that address is anybody's where this is no app", () =>
  withProxy(TOKENS, async ({ handler }) => {
    const request = new Request("http://172.30.33.4:9000/", { headers: BY_INGRESS });
    const response = await handler(request, { remoteAddress: "172.30.32.2" });
    equal(response.status, 403);
    match((await response.json()).reason, /another host/);
  }));
