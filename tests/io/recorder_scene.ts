// What the tests of the recorder record.

import type { Event } from "../../src/core/event.ts";
import { emptySnapshot } from "../../src/core/record.ts";
import { Recorder } from "../../src/io/recorder.ts";
import type { Beginning } from "../../src/recording/recording_format.ts";
import { configuration, START } from "../core/harness.ts";

/** The beginning of a recording of nothing. */
export const EMPTY: Beginning = {
  at: START,
  configuration: configuration({ idTags: [{ tag: "04A2B3C4D5", owner: true, action: "allow" }] }),
  snapshot: emptySnapshot({ facts: new Map([["instance", "test"]]) }),
};

/** An event with an id tag in it. */
export const FRAME: Event = {
  type: "charger_frame",
  connection: 1,
  text: '[2,"1","Authorize",{"idTag":"04A2B3C4D5"}]',
};

/** A recorder that tells what it logs. */
export function recorder(
  file: string,
  logged: string[],
  changes: { maxBytes?: number; keep?: number; key?: string } = {},
): Promise<Recorder> {
  const options = { file, maxBytes: 1_000_000, keep: 3, key: undefined, ...changes };
  return Recorder.open(options, (level, message) => void logged.push(`${level} ${message}`));
}
