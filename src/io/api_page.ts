// `GET /`: a page that needs nothing else: the state in words, the routes, the charger's address.

import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import { answer } from "./api_answer.ts";
import { isLoopback } from "./api_access.ts";
import type { Explained } from "./api_routes.ts";
import type { StatusView } from "./status_view.ts";
import * as words from "./status_words.ts";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --dim: #777; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { border-bottom: 1px solid var(--line); font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; }
.dim, th { color: var(--dim); font-weight: normal; }
.alarm { border-left: .3rem solid #c33; padding-left: .7rem; }
dl { display: grid; gap: .25rem 1rem; grid-template-columns: max-content 1fr; margin: 0; }
dt { color: var(--dim); }
dd { margin: 0; }
table { border-collapse: collapse; width: 100%; }
.wide { overflow-x: auto; }
td, th { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; }
code { font: .9em ui-monospace, monospace; }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  .told tr, .told td:last-child { display: block; }
  .told td { display: inline; overflow-wrap: anywhere; }
  .told td:not(:last-child) { color: var(--dim); padding-right: .5rem; }
}
`;

/** Nothing but this style: no script, no picture, no frame, no form. */
const POLICY = `default-src 'none'; style-src 'sha256-${
  createHash("sha256").update(STYLE).digest("base64")
}'; base-uri 'none'; form-action 'none'; frame-ancestors`;

/** Decisions that are shown, the newest. */
const SHOWN_DECISIONS = 10;

/** Who looks at the page: a browser that asked by a URL, or Home Assistant, which frames it. */
export type Viewer =
  | { readonly type: "browser"; readonly url: URL }
  | { readonly type: "home_assistant"; readonly port: number };

/** The page as it is now. */
export async function page(
  view: StatusView,
  viewer: Viewer,
  timeZone: string,
  routes: readonly Explained[],
): Promise<Response> {
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
    <h1>ocpp-proxy</h1>
    <p class="dim">One charger, shared by several backends.</p>
    ${alarm(view)}
    <h2>Now</h2>
    ${state(view, timeZone)}
    <h2>Backends</h2>
    ${backends(view, timeZone)}
    <h2>Latest decisions</h2>
    ${decisions(view, timeZone)}
    <h2>The charger's address</h2>
    <p>Type this into the charger as the address of its central system (OCPP 1.6 JSON):</p>
    <p><code>${chargerUrl(viewer)}</code></p>
    <h2>What is where</h2>
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
  return html`<p class="alarm">The database takes no writes: ${database_problem}. Charging goes on;
the charger keeps its messages until it can be written again.</p>`;
}

function state(view: StatusView, timeZone: string) {
  return html`<dl>${
    words.stateLines(view, timeZone).map(([name, value]) =>
      html`
        <dt>${name}</dt>
        <dd>${value}</dd>
      `
    )
  }</dl>`;
}

function backends(view: StatusView, timeZone: string) {
  if (view.backends.length === 0) return html`<p>None yet.</p>`;
  return html`
    <div class="wide">
      <table>
    <tr><th>id</th><th>role</th><th>state</th><th class="number">backlog</th>
    <th class="number">set aside</th><th>problem</th></tr>
    ${view.backends.map((backend) =>
      html`
        <tr>
          <td>${backend.id}</td>
          <td>${backend.role}</td>
          <td>${words.linkWords(backend, timeZone)}</td>
          <td class="number">${backend.backlog}</td>
          <td class="number">${backend.set_aside}</td>
          <td>${backend.problem ?? ""}</td>
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
