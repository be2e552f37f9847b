// Reads the frames a WebSocket client sends and puts messages together, within bounds.

import {
  decodeText,
  isSendableCode,
  MAX_CONTROL_PAYLOAD_BYTES,
  OPCODE,
  unmask,
} from "./websocket_frame.ts";

/** What the frames amount to. After `violation` nothing more comes. */
export interface FrameSink {
  /** Whether it wants no more than one frame now. */
  readonly hasEnough: boolean;
  /** A whole text message, or a binary one that is UTF-8. */
  message(text: string): void;
  pinged(payload: Uint8Array): void;
  ponged(payload: Uint8Array): void;
  /** 1005: the close frame carried no code. */
  peerClosed(code: number, reason: string): void;
  /** The code to close with (RFC 6455, section 7.4) and a sentence for people. */
  violation(code: 1002 | 1007 | 1009, reason: string): void;
}

const FIRST_PARTIAL_BYTES = 4 * 1024;

interface Header {
  final: boolean;
  opcode: number;
  masked: boolean;
  /** Where the masking key is. */
  maskAt: number;
  /** Where the payload begins. */
  payloadAt: number;
  length: number;
}

/** One per connection. Chargers that do not mask their frames are accepted. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxMessageBytes: number;
  readonly #header: Header = {
    final: true,
    opcode: 0,
    masked: false,
    maskAt: 0,
    payloadAt: 0,
    length: 0,
  };
  /** Payload of a message that is not complete; grows with what has really arrived. */
  #partial = new Uint8Array(0);
  #partialBytes = 0;
  /** A message has begun and its final frame has not ended. */
  #inMessage = false;
  /** Of the data frame being read. */
  #remaining = 0;
  #final = true;
  readonly #mask = new Uint8Array(4);
  #maskPhase = 0;
  #stopped = false;

  constructor(sink: FrameSink, maxMessageBytes: number) {
    this.#sink = sink;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Reads `buffer[start … end)` and returns how far it got; the rest is what the sink does not want
   * yet, or the beginning of a frame, and is to be given again with more behind it. Payloads are
   * unmasked in place.
   */
  consume(buffer: Uint8Array, start: number, end: number): number {
    let at = start;
    while (!this.#stopped) {
      if (at > start && this.#sink.hasEnough) return at;
      if (this.#remaining > 0) {
        if (at === end) return at;
        at += this.#takePart(buffer, at, end);
        continue;
      }
      if (!this.#readHeader(buffer, at, end)) return at;
      const { opcode, payloadAt, length } = this.#header;
      if (!this.#isAllowed()) return end;
      if (opcode >= OPCODE.close) {
        if (end - payloadAt < length) return at;
        at = payloadAt + length;
        this.#control(opcode, this.#unmaskHere(buffer, payloadAt, length));
      } else if (this.#header.final && !this.#inMessage && end - payloadAt >= length) {
        at = payloadAt + length;
        this.#deliver(this.#unmaskHere(buffer, payloadAt, length));
      } else {
        at = payloadAt;
        this.#beginPart(buffer);
      }
    }
    return end;
  }

  /** False: the header is not complete yet. */
  #readHeader(buffer: Uint8Array, at: number, end: number): boolean {
    if (end - at < 2) return false;
    const header = this.#header;
    const second = buffer[at + 1]!;
    const short = second & 0x7f;
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    header.masked = second >= 0x80;
    header.maskAt = at + 2 + lengthBytes;
    header.payloadAt = header.maskAt + (header.masked ? 4 : 0);
    if (header.payloadAt > end) return false;
    header.final = buffer[at]! >= 0x80;
    header.opcode = buffer[at]! & 0x7f;
    let length = short;
    if (lengthBytes > 0) {
      length = 0;
      for (let i = 0; i < lengthBytes; i++) length = length * 256 + buffer[at + 2 + i]!;
    }
    header.length = length;
    return true;
  }

  #isAllowed(): boolean {
    const { opcode, final, length } = this.#header;
    if (opcode > 0xf) return this.#refuse(1002, "reserved bits set without an extension");
    if (opcode >= OPCODE.close) {
      if (opcode > OPCODE.pong) return this.#refuse(1002, "unknown control frame");
      if (!final) return this.#refuse(1002, "fragmented control frame");
      if (length > MAX_CONTROL_PAYLOAD_BYTES) return this.#refuse(1002, "control frame too long");
      return true;
    }
    if (opcode > OPCODE.binary) return this.#refuse(1002, "unknown data frame");
    if (opcode === OPCODE.continuation && !this.#inMessage) {
      return this.#refuse(1002, "continuation without a message");
    }
    if (opcode !== OPCODE.continuation && this.#inMessage) {
      return this.#refuse(1002, "new message inside a fragmented one");
    }
    if (this.#partialBytes + length > this.#maxMessageBytes) {
      return this.#refuse(1009, `message longer than ${this.#maxMessageBytes} bytes`);
    }
    return true;
  }

  #refuse(code: 1002 | 1007 | 1009, reason: string): false {
    this.#stopped = true;
    this.#partial.buffer.transfer(0);
    this.#sink.violation(code, reason);
    return false;
  }

  #beginPart(buffer: Uint8Array): void {
    const { maskAt, masked, length, final } = this.#header;
    this.#inMessage = true;
    this.#final = final;
    this.#remaining = length;
    this.#maskPhase = 0;
    for (let i = 0; i < 4; i++) this.#mask[i] = masked ? buffer[maskAt + i]! : 0;
    if (length === 0) this.#endPart();
  }

  #takePart(buffer: Uint8Array, at: number, end: number): number {
    const count = Math.min(this.#remaining, end - at);
    this.#reserve(this.#partialBytes + count);
    const partial = this.#partial;
    const mask = this.#mask;
    let to = this.#partialBytes;
    let phase = this.#maskPhase;
    for (let i = at; i < at + count; i++) {
      partial[to++] = buffer[i]! ^ mask[phase]!;
      phase = (phase + 1) & 3;
    }
    this.#maskPhase = phase;
    this.#partialBytes = to;
    this.#remaining -= count;
    if (this.#remaining === 0) this.#endPart();
    return count;
  }

  #endPart(): void {
    if (!this.#final) return;
    const message = this.#partial.subarray(0, this.#partialBytes);
    this.#inMessage = false;
    this.#partial = new Uint8Array(0);
    this.#partialBytes = 0;
    this.#deliver(message);
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#partial.length) return;
    const size = Math.max(FIRST_PARTIAL_BYTES, bytes, this.#partial.length * 2);
    // Transferring frees the smaller buffer now; left to the collector, an attack would pile them up.
    this.#partial = new Uint8Array(
      this.#partial.buffer.transfer(Math.min(size, this.#maxMessageBytes)),
    );
  }

  #unmaskHere(buffer: Uint8Array, at: number, length: number): Uint8Array {
    const { masked, maskAt } = this.#header;
    if (masked) unmask(buffer, maskAt, at, at + length);
    return buffer.subarray(at, at + length);
  }

  #deliver(payload: Uint8Array): void {
    let text: string;
    try {
      text = decodeText(payload);
    } catch {
      this.#refuse(1007, "message that is not UTF-8");
      return;
    }
    this.#sink.message(text);
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (opcode === OPCODE.ping) this.#sink.pinged(payload);
    else if (opcode === OPCODE.pong) this.#sink.ponged(payload);
    else this.#close(payload);
  }

  #close(payload: Uint8Array): void {
    if (payload.length === 1) {
      this.#refuse(1002, "close frame with half a code");
      return;
    }
    const empty = payload.length === 0;
    const code = empty ? 1005 : payload[0]! * 256 + payload[1]!;
    if (!empty && !isSendableCode(code)) {
      this.#refuse(1002, "close frame with a code that may not be sent");
      return;
    }
    let reason: string;
    try {
      reason = decodeText(payload.subarray(2));
    } catch {
      this.#refuse(1007, "close reason that is not UTF-8");
      return;
    }
    this.#stopped = true;
    this.#sink.peerClosed(code, reason);
  }
}
