// `GET /`: a page that needs nothing else: the state in words, the routes, the charger's address.

import { html, raw } from "hono/html";
import { answer } from "./api_answer.ts";
import { isLoopback } from "./api_access.ts";
import { POLICY, SCRIPT, STYLE } from "./api_page_assets.ts";
import type { Explained } from "./api_routes.ts";
import type { SessionRow } from "./session_row.ts";
import type { StatusView } from "./status_view.ts";
import * as words from "./status_words.ts";

/** Decisions that are shown, the newest. */
const SHOWN_DECISIONS = 10;

/** Who looks at the page: a browser that asked by a URL, or Home Assistant, which frames it. */
export type Viewer =
  | { readonly type: "browser"; readonly url: URL }
  | { readonly type: "home_assistant"; readonly port: number };

/** What the page is made of. */
export interface Shown {
  readonly view: StatusView;
  readonly viewer: Viewer;
  /** Whether whoever looks may answer questions here. */
  readonly mayDecide: boolean;
  /** The newest that have ended. */
  readonly sessions: readonly SessionRow[];
  /** IANA name. */
  readonly timeZone: string;
  readonly routes: readonly Explained[];
}

/** The page as it is now. */
export async function page(shown: Shown): Promise<Response> {
  const { view, viewer, timeZone, routes } = shown;
  const document = await html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="refresh" content="15">
        <title>ocpp-proxy</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
    <header>
      <h1>ocpp-proxy</h1>
      <span class="dim">One charger, shared by several backends.</span>
    </header>
    ${alarm(view)}
    ${questions(shown)}
    <section><h2>Now</h2>${state(view, timeZone)}</section>
    <section><h2>Backends</h2>${backends(view, timeZone)}</section>
    <section><h2>Latest sessions</h2>${sessions(shown)}</section>
    <section><h2>Latest decisions</h2>${decisions(view, timeZone)}</section>
    <section>
      <h2>The charger's address</h2>
      <p>Type this into the charger as the address of its central system (OCPP 1.6 JSON):</p>
      <p><code>${chargerUrl(viewer)}</code></p>
    </section>
    <section><details><summary>What is where</summary>
    <table class="told">
    ${routes.map(({ method, path, purpose }) =>
      html`
        <tr>
          <td>${method}</td>
          <td><code>${path}</code></td>
          <td>${purpose}</td>
        </tr>
      `
    )}</table>
    </details></section>
    <script>${raw(SCRIPT)}</script>
      </body>
    </html>
  `;
  return answer(String(document), "text/html; charset=utf-8", {
    headers: {
      "content-security-policy": `${POLICY} ${viewer.type === "browser" ? "'none'" : "'self'"}`,
    },
  });
}

function alarm({ database_problem }: StatusView) {
  if (database_problem === null) return "";
  return html`<section class="alarm">The database takes no writes: ${database_problem}. Charging goes
on; the charger keeps its messages until it can be written again.</section>`;
}

function questions({ view, mayDecide, timeZone }: Shown) {
  return view.questions.map((question) => {
    const { id } = question;
    return html`
      <section class="asked">
        <h2>Waiting for your answer</h2>
        <p>${words.questionText(question, timeZone)}, unless you answer.</p>
        ${mayDecide
          ? html`
            <button data-question="${id}" data-decision="allow">Allow</button><button
              data-question="${id}" data-decision="deny">Deny</button>
          `
          : html`<p><code>ocpp-proxy override allow ${id}</code>, or
            <code>deny ${id}</code></p>`}
      </section>
    `;
  });
}

function state(view: StatusView, timeZone: string) {
  const reason = reasonOfControl(view);
  const lines = words.stateLines(view, timeZone).filter(([name]) => name !== "Asked")
    .flatMap((line) => line[0] === "Control" && reason ? [line, ["", reason] as const] : [line]);
  return html`<dl>${
    lines.map(([name, value]) =>
      html`
        <dt>${name}</dt>
        <dd>${value}</dd>
      `
    )
  }</dl>`;
}

/** Why the holder holds control: the newest decision about it, if it is still remembered. */
function reasonOfControl({ holder, decisions }: StatusView): string | undefined {
  return decisions.findLast(({ backend_id }) => backend_id === holder?.backend_id)?.reason;
}

function backends(view: StatusView, timeZone: string) {
  if (view.backends.length === 0) return html`<p>None yet.</p>`;
  return html`
    <div class="wide">
      <table>
    <tr><th>id</th><th>role</th><th>state</th><th class="number">backlog</th>
    <th class="number">set aside</th></tr>
    ${view.backends.map((backend) =>
      html`
        <tr>
          <td>${backend.id}</td>
          <td>${backend.role}</td>
          <td class="state ${backend.connected ? "good" : "bad"}">${words.linkWords(
            backend,
            timeZone,
          )}${backend.problem === null
            ? ""
            : html`<br><span class="dim">${backend.problem}</span>`}</td>
          <td class="number" data-name="backlog">${backend.backlog}</td>
          <td class="number" data-name="set aside">${backend.set_aside}</td>
        </tr>
      `
    )}</table>
    </div>
  `;
}

function sessions({ sessions: rows }: Shown) {
  if (rows.length === 0) return html`<p>None yet.</p>`;
  return html`
    <div class="wide">
      <table>
    <tr><th>ended</th><th>booked to</th><th class="number">energy</th>
    <th class="number">time</th><th class="number">revenue</th></tr>
    ${rows.map(({ timestamp, backend_id, energy_kwh, duration_s, revenue, currency }) =>
      html`
        <tr>
          <td>${timestamp?.slice(0, 16).replace("T", " ")}</td>
          <td>${backend_id ?? "the household"}</td>
          <td class="number">${energy_kwh.toFixed(2)} kWh</td>
          <td class="number">${words.durationWords(duration_s ?? 0)}</td>
          <td class="number">${revenue === null
            ? ""
            : `${revenue.toFixed(2)} ${currency ?? ""}`}</td>
        </tr>
      `
    )}</table>
    </div>
  `;
}

function decisions(view: StatusView, timeZone: string) {
  if (view.decisions.length === 0) return html`<p>None yet.</p>`;
  const newest = view.decisions.slice(-SHOWN_DECISIONS).reverse();
  return html`
    <table class="told">
    ${newest.map(({ time, backend_id, request, reason }) =>
      html`
        <tr>
          <td>${words.localTime(time, timeZone)}</td>
          <td>${backend_id ?? "owner"}</td>
          <td>${request}</td>
          <td>${reason}</td>
        </tr>
      `
    )}</table>
  `;
}

/** The charger is elsewhere: a name of this machine for itself would not help it. */
function chargerUrl(viewer: Viewer): string {
  if (viewer.type === "home_assistant") {
    return `ws://<address of Home Assistant>:${viewer.port}/charger`;
  }
  const { protocol, hostname, port } = viewer.url;
  const scheme = protocol === "https:" ? "wss" : "ws";
  const own = hostname === "localhost" || isLoopback(hostname.replace(/^\[|\]$/g, ""));
  const host = own ? "<address of this machine>" : hostname;
  return `${scheme}://${host}${port === "" ? "" : `:${port}`}/charger`;
}
