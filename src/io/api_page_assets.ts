// The style and the one script of the page, and the policy that lets nothing else in.

import { createHash } from "node:crypto";

/** How the page looks: in light and dark, on a phone as well. */
export const STYLE = `
:root { color-scheme: light dark; --line: #8883; --dim: light-dark(#5f6670, #9aa3ad);
  --back: light-dark(#f4f5f7, #14171a); --card: light-dark(#fff, #1e2226);
  --good: light-dark(#157f3c, #4cc37a); --bad: light-dark(#b3261e, #f2877f);
  --act: light-dark(#0b57d0, #8ab4f8); }
* { box-sizing: border-box; }
body { background: var(--back); font: 16px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 60rem; padding: 1.25rem; }
header { align-items: baseline; display: flex; flex-wrap: wrap; gap: 0 1rem; margin: 0 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1rem; margin: 0 0 .5rem; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  margin: 0 0 1rem; padding: 1rem 1.25rem; }
p { margin: .25rem 0; }
.dim, th, dt { color: var(--dim); font-weight: normal; }
.good::before, .bad::before { content: "●"; margin-right: .4em; }
.good::before { color: var(--good); }
.bad::before { color: var(--bad); }
.alarm { border-left: .3rem solid var(--bad); }
.asked { border-left: .3rem solid var(--act); }
dl { display: grid; gap: .25rem 1rem; grid-template-columns: max-content 1fr; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
.wide { overflow-x: auto; }
td, th { padding: .25rem 1rem .25rem 0; text-align: left; vertical-align: top; }
td.number, th.number { font-variant-numeric: tabular-nums; text-align: right; }
td.number { white-space: nowrap; }
td:last-child, th:last-child { padding-right: 0; }
button { background: none; border: 1px solid var(--act); border-radius: .5rem; color: var(--act);
  cursor: pointer; font: inherit; margin: .5rem .5rem 0 0; padding: .35rem 1.1rem; }
summary { cursor: pointer; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding: .75rem; }
  section { padding: .75rem .9rem; }
  .wide tr { display: flex; flex-wrap: wrap; gap: 0 .75rem; padding: .35rem 0; }
  .wide tr:has(th) { display: none; }
  .wide tr + tr:not(:nth-child(2)) { border-top: 1px solid var(--line); }
  .wide td { padding: 0; }
  .wide td:first-child { font-weight: 600; }
  .wide td.state { flex-basis: 100%; }
  .wide td[data-name]::before { color: var(--dim); content: attr(data-name) " "; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
  dt:empty { display: none; }
  .told tr, .told td:last-child { display: block; }
  .told td { display: inline; overflow-wrap: anywhere; }
  .told td:not(:last-child) { color: var(--dim); padding-right: .5rem; }
}
`;

/** The buttons of a question: the answer by REST, at a place beside the page, wherever that is. */
export const SCRIPT = `
addEventListener("click", async ({ target }) => {
  const { question, decision } = target.dataset;
  if (!question) return;
  const answer = await fetch("api/v1/requests/" + question, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ decision }),
  });
  // Somebody else may have been quicker.
  if (answer.ok || answer.status === 409) location.reload();
  else target.parentNode.append((await answer.json()).reason);
});
`;

const hash = (text: string) => createHash("sha256").update(text).digest("base64");

/** Nothing but this style and this script: no picture, no frame, no form. */
export const POLICY = `default-src 'none'; style-src 'sha256-${hash(STYLE)}'; script-src 'sha256-${
  hash(SCRIPT)
}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors`;
