// Reads the frames out of a plain log: lines with a time, a direction and a frame, in any shape.

import { type Frame, parseFrame } from "../ocpp/frame.ts";
import {
  type ForeignFrame,
  type ForeignLog,
  framesIn,
  senderOf,
  type Side,
  UnusedLines,
} from "./foreign_frame.ts";
import { forgetOldest } from "./forget_oldest.ts";
import type { LineReader } from "./line_reader.ts";

/** CALLs whose answers may still come. */
const MAX_OPEN = 1_000;

/** Where a frame begins: its brackets may be escaped as in a log of JSON or key="value". */
const FRAME = /\[\s*[234]\s*,\s*\\?["\d]/;

const DATE_TIME =
  /(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?/;

const EVERY_DATE_TIME = new RegExp(DATE_TIME, "g");

/** Seconds or milliseconds since 1970, at the beginning of a line. */
const EPOCH = /^\W{0,3}(\d{10})(?:(\d{3})|\.(\d{1,6}))?\b/;

/** What stands for a direction, by what it usually means in the log of a central system. */
const DIRECTIONS: readonly (readonly [pattern: RegExp, side: Side])[] = [
  [/\bcp\s*(?:->|→|to)\s*(?:cs|csms|server)\b|cp-to-csms/i, "charger"],
  [/\b(?:cs|csms|server)\s*(?:->|→|to)\s*cp\b|csms-to-cp/i, "central_system"],
  [
    /\b(?:[Rr]ecv|RECV|[Rr]eceive[ds]?|RECEIVED|[Rr]eceiving|[Ii]ncoming|[Ii]nbound|[Rr]x|RX)\b|\bIN\b/,
    "charger",
  ],
  [
    /\b(?:[Ss]end|SEND|[Ss]ent|SENT|[Ss]ends|[Ss]ending|[Oo]utgoing|[Oo]utbound|[Tt]x|TX)\b|\bOUT\b/,
    "central_system",
  ],
  [/<<|<-|<=|←|(?:^|\s)<(?=\s)/, "charger"],
  [/>>|->|=>|→|(?:^|\s)>(?=\s)/, "central_system"],
];

/** Where logs name the charger. */
const NAMES = [
  /\b(?:chargeBoxId|chargePointId|charge_point_id|charger|cpid|cp_id|client|ws)\s*[=:]\s*"?([\w.@~-]{1,48})/gi,
  /\b(?:recv|send)\s+([\w.@~-]{1,48})\s*:/gi,
];

/** What stands in the place of a name and is none: `ws: recv`, `recv call:`, `charger: ->`. */
const NO_NAME =
  /^(?:recv|recei\w*|sen[dt]\w*|[rt]x|in|out|incoming|outgoing|(?:in|out)bound|from|to|got|call\w*|re(?:q|s|sult|sponse|quest)|conf\w*|error|messages?|msg|frames?|data|json|text|payload|ocpp|trace|debug|info|warn\w*|\W+)$/i;

/** The frames of a log, of its first charger. */
export class LogReader implements ForeignLog {
  readonly unused = new UnusedLines();
  chargePointId: string | undefined;
  readonly #lines: LineReader;
  readonly #timeZone: string;
  #at: number | undefined;
  /** Who asked, by message id. */
  readonly #open = new Map<string | number, Side>();
  /** What a direction means here, once an action has told. */
  #inverted: boolean | undefined;

  /** `timeZone`: of times that do not tell theirs. */
  constructor(lines: LineReader, timeZone: string) {
    this.#lines = lines;
    this.#timeZone = timeZone;
  }

  [Symbol.iterator](): Generator<ForeignFrame> {
    return framesIn(this.#lines, this.unused, (line, number) => this.#frame(line, number));
  }

  #frame(line: string, number: number): ForeignFrame | string {
    const begin = line.search(FRAME);
    if (begin < 0) return "no frame";
    const words = line.slice(0, begin);
    const { text, frame } = frameIn(line.slice(begin));
    this.#at = timeIn(words, this.#timeZone) ?? this.#at;
    if (this.#at === undefined) return "no time";
    const name = nameIn(words);
    if (name !== undefined) {
      this.chargePointId ??= name;
      if (this.chargePointId !== name) return "another charger";
    }
    // A name may hold what elsewhere is a direction.
    const from = this.#sender(frame, name === undefined ? words : words.replace(name, ""));
    if (from === undefined) return "no direction";
    return { at: this.#at, from, text, line: number };
  }

  /** The action tells, or whose answer it is; the words of the log only where these do not. */
  #sender(frame: Frame, words: string): Side | undefined {
    const marked = DIRECTIONS.find(([pattern]) => pattern.test(words))?.[1];
    const told = this.#inverted === true ? other(marked) : marked;
    if (frame.type === "call") {
      const sender = senderOf(frame.action);
      if (sender !== undefined && marked !== undefined) this.#inverted ??= sender !== marked;
      const from = sender ?? told;
      if (from !== undefined) this.#remember(frame.id, from);
      return from;
    }
    if (frame.type === "malformed") return told;
    const asker = this.#open.get(frame.id);
    // Both sides may use the same number: then the log has to tell.
    if (asker !== undefined && told !== asker) {
      this.#open.delete(frame.id);
      return other(asker);
    }
    return told;
  }

  #remember(id: string | number, from: Side): void {
    this.#open.set(id, from);
    forgetOldest(this.#open, MAX_OPEN);
  }
}

function other(side: Side | undefined): Side | undefined {
  if (side === undefined) return undefined;
  return side === "charger" ? "central_system" : "charger";
}

function nameIn(words: string): string | undefined {
  const timeless = words.replaceAll(EVERY_DATE_TIME, " ");
  for (const pattern of NAMES) {
    for (const [, name = ""] of timeless.matchAll(pattern)) if (!NO_NAME.test(name)) return name;
  }
  return undefined;
}

/** The frame at the beginning of a text, without what the log puts behind it. */
function frameIn(rest: string): { text: string; frame: Frame } {
  const plain = /^\[\s*[234]\s*,\s*\\"/.test(rest) ? unescaped(rest) : rest.trimEnd();
  const candidates = [plain, plain.slice(0, plain.lastIndexOf("]") + 1)];
  for (const text of candidates) {
    const frame = parseFrame(text);
    if (frame.type !== "malformed" || frame.reason !== "the frame is not JSON") {
      return { text, frame };
    }
  }
  return { text: plain, frame: parseFrame(plain) };
}

/** A frame that stood in a text of its own, such as msg="…". */
function unescaped(text: string): string {
  return text.replace(/"[^"\\]*$/, "").replace(/\\(["\\/])/g, "$1").trimEnd();
}

/** Epoch milliseconds of the time in the words before a frame. */
function timeIn(words: string, timeZone: string): number | undefined {
  const [, year, month, day, hour, minute, second, fraction = "", zone] = DATE_TIME.exec(words) ??
    [];
  if (year !== undefined) {
    const time = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction || "0"}`;
    try {
      return zone === undefined
        ? Temporal.PlainDateTime.from(time).toZonedDateTime(timeZone).epochMilliseconds
        : Temporal.Instant.from(time + zone).epochMilliseconds;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
  const [, seconds, thousandths, part] = EPOCH.exec(words) ?? [];
  if (seconds === undefined) return undefined;
  return Math.round(Number(`${seconds}.${thousandths ?? part ?? "0"}`) * 1000);
}
