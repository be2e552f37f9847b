// Any query and body at every route: only statuses that the table tells of, and never 500.

import assert from "node:assert/strict";
import fc from "fast-check";
import { PARAMETERS } from "../../src/io/api_query.ts";
import { type Route, ROUTES } from "../../src/io/api_routes.ts";
import { REST_HOUSE } from "../support/rest_house.ts";
import { withProxy } from "../support/running_proxy.ts";
import { campaign, type Drawn } from "./budget.ts";
import { damage, damaged } from "./frames.ts";

/** What any route may answer: who may not, and what is refused before a handler is asked. */
const USUAL = [200, 401, 403, 429];

const text = fc.oneof(
  fc.constantFrom(
    "",
    "0",
    "1",
    "-1",
    "1000",
    "2026",
    "2026-02-30",
    "2026-11-22T12:00:00Z",
    "9999999999999999",
    "evcc",
    "csv",
    "granted",
    "%00",
    "__proto__",
    "season",
    "auto",
    "backend",
    "paused",
    "allow",
  ),
  fc.string({ unit: "binary", maxLength: 30 }),
);

const value = fc.oneof(text, fc.integer(), fc.double(), fc.jsonValue({ maxDepth: 3 }));

const KEYS = [
  "mode",
  "backend_id",
  "limit_a",
  "until",
  "for_s",
  "decision",
  "value",
  "attributes",
  "__proto__",
  "odd",
];

const json = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 4 })
      .map((body) => JSON.stringify(body)),
  },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: text },
);

const asked = fc.record({
  route: fc.constantFrom<Route>(...ROUTES),
  part: text,
  query: fc.array(
    fc.tuple(
      fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...Object.keys(PARAMETERS)) },
        { weight: 1, arbitrary: text },
      ),
      text,
    ),
    { maxLength: 3 },
  ),
  body: fc.tuple(json, fc.array(damage, { maxLength: 1 }))
    .map(([body, damage]) => damaged(body, damage)),
  lastEventId: fc.option(
    fc.oneof(fc.constantFrom("0", "-1", "1e999", "9".repeat(40)), fc.string()),
  ),
  type: fc.constantFrom("application/json", "application/json; charset=utf-8", "text/plain", ""),
  token: fc.constantFrom("owning-token", "owning-token", "reading-token", "no-such-token"),
});

/** As a URL can hold it: lone surrogates cannot be sent. */
function encoded(part: string): string {
  return encodeURIComponent(part.toWellFormed());
}

Deno.test("no query and no body is answered with anything but a documented status", () =>
  withProxy(REST_HOUSE, async ({ handler, logged }) => {
    let number = 0;
    const ask = async (
      { route, part, query, body, type, token, lastEventId }: Drawn<typeof asked>,
    ) => {
      const path = route.path.replace(/<\w+>/, encoded(part) || "x");
      const pairs = query.map((pair) => pair.map(encoded).join("=")).join("&");
      const request = new Request(`http://proxy${path}${pairs && `?${pairs}`}`, {
        method: route.method,
        headers: {
          authorization: `Bearer ${token}`,
          ...type !== "" && { "content-type": type },
          ...lastEventId !== null && { "last-event-id": lastEventId },
        },
        ...route.method !== "GET" && { body },
      });
      // Whoever guesses tokens is shut out after a while: each guess comes from elsewhere.
      const remoteAddress = `192.0.2.${++number % 250}`;
      const response = await handler(request, { remoteAddress });
      const { status } = response;
      const documented = [...USUAL, ...route.problems ?? []];
      assert.ok(documented.includes(status), `${route.method} ${path}: ${status}`);
      if (route.name === "events" && status === 200) return await response.body?.cancel();
      const answer = await response.text();
      if (status === 200) return;
      const { error, reason } = JSON.parse(answer);
      assert.ok(typeof error === "string" && typeof reason === "string", answer);
    };
    await campaign(fc.asyncProperty(asked, ask), 1_500);
    assert.deepEqual(logged.filter((line) => /defect|failed/.test(line)), []);
  }));
