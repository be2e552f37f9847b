// What has another shape than the core's own values is refused, and the place is named.

import { deepEqual, throws } from "node:assert/strict";
import { parseEvent, parseHeader } from "../../src/recording/recording_parser.ts";

const HEADER = Deno.readTextFileSync(
  new URL("../recordings/household-cards.jsonl", import.meta.url),
).split("\n", 1)[0]!;

const EVENTS: readonly (readonly [line: string, says: string])[] = [
  ['{"at":1,"event":{"type":"tick"}', "expected JSON, found something else or only a part of it"],
  ['["tick"]', "expected a JSON object"],
  ['{"event":{"type":"tick"}}', "at is missing"],
  ['{"at":"now","event":{"type":"tick"}}', "at is no time; expected epoch ms"],
  ['{"at":1}', "event is missing"],
  ['{"at":1,"event":{"type":"charger_frame","text":"[]"}}', "event.connection is missing"],
  [
    '{"at":1,"event":{"type":"charger_frame","connection":1.5,"text":"[]"}}',
    "event.connection is 1.5; expected a whole number",
  ],
  [
    '{"at":1,"event":{"type":"stored","token":{}}}',
    "event.token is an object; expected a number",
  ],
  [
    '{"at":1,"event":{"type":"owner","mode":{"mode":"backend"}}}',
    "event.mode.backendId is missing",
  ],
  [
    '{"at":1,"event":{"type":"log_page","backendId":"b","after":0,"entries":[{"sequence":1}]}}',
    "event.entries.0.at is missing",
  ],
  [
    '{"at":1,"event":{"type":"charger_rebooted"}}',
    'event.type is "charger_rebooted"; expected "started", "charger_connected", ' +
    '"charger_disconnected", "cha…',
  ],
  [
    '{"at":1,"event":{"type":"fact","name":"f","value":{"$bigint":"one"}}}',
    "$bigint is no whole number",
  ],
];

for (const [line, says] of EVENTS) {
  Deno.test(`an event is refused: ${says}`, () => {
    throws(() => parseEvent(line), { name: "SyntaxError", message: says });
  });
}

Deno.test("a page of the log that the disk did not give is an event", () => {
  deepEqual(parseEvent('{"at":5,"event":{"type":"log_page","backendId":"b","after":3},"kept":2}'), {
    at: 5,
    event: { type: "log_page", backendId: "b", after: 3 },
    kept: 2,
  });
});

const HEADERS: readonly (readonly [change: (header: Header) => void, says: RegExp])[] = [
  [(header) => delete header.snapshot, /^snapshot is missing$/],
  [(header) => header.snapshot.sessions = [{ idTag: "A" }], /^snapshot\.sessions\.0\.\w+ is miss/],
  [
    (header) => header.snapshot.facts = {},
    /^snapshot\.facts is an object; expected a \$map$/,
  ],
  [
    (header) => header.configuration.timeZone = "Middle/Earth",
    /^configuration\.timeZone is "Middle\/Earth"; expected an IANA time zone$/,
  ],
  [
    (header) => header.configuration.rules[0].then = "maybe",
    /^configuration\.rules\.0\.then is "maybe"; expected "allow", "deny", "ask", "limit"$/,
  ],
  [(header) => header.state = { open: [] }, /^state\.configuration is missing$/],
];

// deno-lint-ignore no-explicit-any -- a line that is to be broken anywhere
type Header = any;

Deno.test("a header is refused where the configuration, the tables or the state are others", () => {
  for (const [change, says] of HEADERS) {
    const header: Header = JSON.parse(HEADER);
    change(header);
    throws(() => parseHeader(JSON.stringify(header)), { name: "SyntaxError", message: says });
  }
});
