// The page: who controls and why, the sessions, and questions for whoever may answer them.

import { equal, match, ok } from "node:assert/strict";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import { bootStrictCharger, strictCharger, type StrictClient } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";

const CONFIGURATION = `
backends:
  - { id: employer, role: biller, token: v, tariff: work }
  - { id: neighbour, role: controller, token: w }
tariffs:
  - { name: work, energy_per_kwh: 0.5 }
id_tags:
  - { tag: 04A2B3C4D5, backend: employer }
rules:
  - { name: stranger, backends: [neighbour], then: ask, ask_timeout_s: 60 }
`;

const TOKENS = `
api:
  tokens:
    - { name: reader, token: reading-token-1, scopes: [read] }
    - { name: owner, token: owning-token-12, scopes: [read, control] }
`;

async function charge(charger: StrictClient, wh: number): Promise<void> {
  const timestamp = new Date().toISOString();
  const { transactionId } = await charger.call("StartTransaction", {
    connectorId: 1,
    idTag: "04A2B3C4D5",
    meterStart: 0,
    timestamp,
  });
  await charger.call("StopTransaction", { transactionId, meterStop: wh, timestamp });
}

/** The neighbour asks for control; returns what ends that. */
async function ask({ url, proxy }: RunningProxy): Promise<() => Promise<void>> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/backend/neighbour?token=w`);
  await new Promise((resolve) => socket.onopen = resolve);
  socket.send(JSON.stringify({ action: "request_control", id: 1 }));
  await until(() => proxy.questionState(1) === "open", 5_000, "the question");
  return async () => {
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  };
}

Deno.test("the page has the latest sessions, and why somebody is in control", () =>
  withProxy(CONFIGURATION, async ({ url }) => {
    const page = async () => await (await fetch(url)).text();
    match(await page(), /Latest sessions<\/h2><p>None yet/);
    const charger = await strictCharger(`${url.replace("http", "ws")}/charger`, "CP001");
    await bootStrictCharger(charger);
    for (let session = 1; session <= 6; session++) await charge(charger, 1_000 * session);
    const text = await page();
    match(text, /<td>employer<\/td>\s*<td class="number">6\.00 kWh<\/td>/);
    match(text, /<td class="number">3\.00 EUR<\/td>/);
    equal(text.split(" kWh</td>").length - 1, 5);
    await charger.call("StartTransaction", {
      connectorId: 1,
      idTag: "04A2B3C4D5",
      meterStart: 0,
      timestamp: new Date().toISOString(),
    });
    match(await page(), /<dt>Control<\/dt>\s*<dd>employer since [^]{1,200}<dd>granted: /);
    await charger.close();
  }));

Deno.test("a question has buttons for whoever may decide by them", () =>
  withProxy(`${CONFIGURATION}${TOKENS}`, async (running) => {
    const { url, proxy, handler } = running;
    const charger = await strictCharger(`${url.replace("http", "ws")}/charger`, "CP001");
    await bootStrictCharger(charger);
    const close = await ask(running);
    const page = async (query: string, token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const request = new Request(`http://nas.lan:9000/${query}`, { headers });
      return await (await handler(request, { remoteAddress: "192.168.1.7" })).text();
    };
    const BUTTON = /<button[^>]*data-question="1"[^>]*data-decision="allow"/;
    const owner = await page("", "owning-token-12");
    match(owner, BUTTON);
    match(owner, /neighbour wants control\. Rule &#39;stranger&#39;/);
    // Behind Home Assistant the page is at another path: nothing may lead to the root.
    const places = [...owner.matchAll(/(?:href|src|action|fetch\()[="\s]*(\/[^"\s]*)/g)];
    equal(places.join(), "");
    for (
      const text of [
        await page("", "reading-token-1"),
        await page("?token=owning-token-12"),
      ]
    ) {
      ok(!BUTTON.test(text));
      match(text, /ocpp-proxy override allow 1/);
    }
    proxy.answerQuestion(1, false);
    ok(!(await page("", "owning-token-12")).includes("Waiting for your answer"));
    await close();
    await charger.close();
  }));

Deno.test("what the button sends is an answer, beside the page behind Home Assistant as well", () =>
  withProxy(CONFIGURATION, async (running) => {
    const { url, handler, proxy } = running;
    const charger = await strictCharger(`${url.replace("http", "ws")}/charger`, "CP001");
    await bootStrictCharger(charger);
    const close = await ask(running);
    const text = await (await fetch(url)).text();
    const [, path] = /fetch\("([^"]+)" \+ question/.exec(text)!;
    const response = await handler(
      new Request(new URL(`${path}1`, "http://172.30.33.4:9000/"), {
        method: "POST",
        headers: { "content-type": "application/json", origin: "https://home.example" },
        body: JSON.stringify({ decision: "allow" }),
      }),
      { remoteAddress: "172.30.32.2" },
    );
    equal(response.status, 200);
    await until(() => proxy.report().holder?.backend_id === "neighbour", 5_000, "control");
    await close();
    await charger.close();
  }, { behindIngress: true }));

Deno.test("the page is there when the sessions cannot be read", () =>
  withProxy(CONFIGURATION, async ({ url, dataDir }) => {
    for (const end of ["", "-wal", "-shm"]) {
      await Deno.remove(`${dataDir}/ocpp-proxy.db${end}`).catch(() => {});
    }
    const response = await fetch(url);
    equal(response.status, 200);
    match(await response.text(), /Latest sessions/);
  }));
