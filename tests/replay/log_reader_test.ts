// Plain logs of other systems: times, directions and frames in the shapes that are usual.

import { deepEqual, equal, match } from "node:assert/strict";
import type { ForeignFrame } from "../../src/replay/foreign_frame.ts";
import { withSource } from "./fixture.ts";

interface Found {
  readonly frames: readonly ForeignFrame[];
  readonly chargePointId: string | undefined;
  readonly unused: string | undefined;
}

function read(...lines: string[]): Found {
  return withSource(`${lines.join("\n")}\n`, (source) => {
    if (source.type !== "foreign") throw new Error("it was taken for a recording");
    const frames = [...source.log];
    return {
      frames,
      chargePointId: source.log.chargePointId,
      unused: source.log.unused.sentence(),
    };
  });
}

const BOOT = '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]';
const BOOTED = '[3,"1",{"status":"Accepted","interval":300,"currentTime":"2024-05-01T10:00:00Z"}]';
const AT = Date.UTC(2024, 4, 1, 10);

const SHAPES: Readonly<Record<string, readonly [boot: string, booted: string]>> = {
  arrows: [`2024-05-01T10:00:00Z >> ${BOOT}`, `2024-05-01T10:00:00Z << ${BOOTED}`],
  "arrows the other way": [`2024-05-01T10:00:00Z << ${BOOT}`, `2024-05-01T10:00:00Z >> ${BOOTED}`],
  evcc: [
    `[ocpp  ] TRACE 2024/05/01 10:00:00 recv CP7: ${BOOT}`,
    `[ocpp  ] TRACE 2024/05/01 10:00:00 send CP7: ${BOOTED}`,
  ],
  SteVe: [
    `[INFO ] 2024-05-01 10:00:00,000 WebSocketLogger - [chargeBoxId=CP7, sessionId=1] Received: ${BOOT}`,
    `[INFO ] 2024-05-01 10:00:00,000 WebSocketLogger - [chargeBoxId=CP7, sessionId=1] Sending: ${BOOTED}`,
  ],
  "ocpp-go": [
    `time="2024-05-01T10:00:00Z" level=debug msg="received JSON message from CP7: ${
      BOOT.replaceAll('"', '\\"')
    }" logger=websocket`,
    `time="2024-05-01T10:00:00Z" level=debug msg="sent JSON message to CP7: ${
      BOOTED.replaceAll('"', '\\"')
    }" logger=websocket`,
  ],
  mobilityhouse: [
    `2024-05-01 10:00:00,000 INFO:ocpp:CP7: receive message ${BOOT}`,
    `2024-05-01 10:00:00,000 INFO:ocpp:CP7: send ${BOOTED}`,
  ],
  "seconds since 1970": [`1714557600 rx ${BOOT}`, `1714557600.000 tx ${BOOTED}`],
  "text behind the frame": [
    `2024-05-01T12:00:00+02:00 IN ${BOOT} (96 bytes)`,
    `2024-05-01T12:00:00+02:00 OUT ${BOOTED} (80 bytes)`,
  ],
};

for (const [shape, lines] of Object.entries(SHAPES)) {
  Deno.test(`${shape}: time, sender and frame`, () => {
    const { frames, unused } = read(...lines);
    deepEqual(frames, [
      { at: AT, from: "charger", text: BOOT, line: 1 },
      { at: AT, from: "central_system", text: BOOTED, line: 2 },
    ]);
    equal(unused, undefined);
  });
}

Deno.test("the action tells who sent it, whatever the log says of the direction", () => {
  const { frames } = read(
    `2024-05-01T10:00:00Z [2,"7","Reset",{"type":"Soft"}]`,
    `2024-05-01T10:00:01Z [3,"7",{"status":"Accepted"}]`,
  );
  deepEqual(frames.map(({ from }) => from), ["central_system", "charger"]);
});

Deno.test("once an action has told what an arrow means, a DataTransfer has its sender", () => {
  const transfer = '[2,"8","DataTransfer",{"vendorId":"v"}]';
  const own = read(`2024-05-01T10:00:00Z >> ${BOOT}`, `2024-05-01T10:00:01Z >> ${transfer}`);
  equal(own.frames[1]?.from, "charger");
  const others = read(`2024-05-01T10:00:00Z << ${BOOT}`, `2024-05-01T10:00:01Z >> ${transfer}`);
  equal(others.frames[1]?.from, "central_system");
});

Deno.test("the first charger is read, lines of others and without a frame are counted", () => {
  const { frames, chargePointId, unused } = read(
    "[main  ] INFO 2024/05/01 10:00:00 starting",
    `[ocpp  ] TRACE 2024/05/01 10:00:00 recv CP7: ${BOOT}`,
    `[ocpp  ] TRACE 2024/05/01 10:00:01 recv CP8: ${BOOT}`,
    '[ocpp  ] TRACE 2024/05/01 10:00:02 [2,"9","DataTransfer",{"vendorId":"v"}]',
  );
  equal(frames.length, 1);
  equal(chargePointId, "CP7");
  equal(
    unused,
    "3 lines were not used: no frame (line 1), another charger (line 3), no direction (line 4)",
  );
});

Deno.test("a frame without any time before it cannot be used", () => {
  match(read(`>> ${BOOT}`).unused ?? "", /no time/);
});

Deno.test("a broken frame is passed on as it is", () => {
  const broken = '[2,"9","MeterValues",{"connectorId":1,"meterVal';
  const { frames } = read(`2024-05-01T10:00:00Z recv CP7: ${broken}`);
  equal(frames[0]?.text, broken);
});

const WORDED: Readonly<Record<string, readonly [boot: string, booted: string, name?: string]>> = {
  "ws: recv": ["ws: recv", "ws: send"],
  "charger: received": ["charger: received", "charger: sent"],
  "client: Incoming CALL": ["client: Incoming CALL", "client: Outgoing CALLRESULT"],
  "recv call:": ["recv call:", "send result:"],
  "charger: ->": ["charger: ->", "charger: <-"],
  "ws: and the time": ["ws: 2024-05-01 10:00:00 recv", "ws: 2024-05-01 10:00:00 send"],
  "ws: and the name later": ["ws: recv charger=CP7", "ws: send charger=CP7", "CP7"],
  "a charger called IN-1": ["charger=IN-1 recv", "charger=IN-1 send", "IN-1"],
};

for (const [shape, [boot, booted, name]] of Object.entries(WORDED)) {
  Deno.test(`a log's own words are no charger's name: ${shape}`, () => {
    const at = "2024-05-01T10:00:00Z";
    const { frames, chargePointId, unused } = read(
      `${at} ${boot} ${BOOT}`,
      `${at} ${booted} ${BOOTED}`,
    );
    deepEqual(frames.map(({ from }) => from), ["charger", "central_system"]);
    equal(chargePointId, name);
    equal(unused, undefined);
  });
}
