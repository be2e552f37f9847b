// WebSocket frames as a server writes and unmasks them, and what both sides agree on (RFC 6455, section 5).

/** RFC 6455, section 5.2. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** RFC 6455, section 5.5. */
export const MAX_CONTROL_PAYLOAD_BYTES = 125;

const FINAL = 0x80;
const MAX_HEADER_BYTES = 10;

const encoder = new TextEncoder();
const quickDecoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** Shorter frames are cut from a shared slab, because a buffer of their own costs more than they do. */
const MAX_SLAB_FRAME_BYTES = 2 * 1024;
const SLAB_BYTES = 16 * 1024;
let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

/** Text of UTF-8, without a byte order mark; throws a TypeError for anything that is not UTF-8. */
export function decodeText(bytes: Uint8Array): string {
  const text = quickDecoder.decode(bytes);
  // The strict decoder is several times slower; only what the quick one replaced needs it.
  return text.includes("\ufffd") ? strictDecoder.decode(bytes) : text;
}

/** One whole text message: header and payload together, because two writes may become two packets. */
export function textFrame(text: string): Uint8Array {
  const frame = frameBuffer(text.length + MAX_HEADER_BYTES);
  const headerBytes = writeHeader(frame, OPCODE.text, text.length);
  const { read, written } = encoder.encodeInto(text, frame.subarray(headerBytes));
  // ASCII takes as many bytes as characters; for anything else the guess was wrong.
  if (read === text.length && written === text.length) {
    return frame.subarray(0, headerBytes + written);
  }
  return frameOf(OPCODE.text, encoder.encode(text));
}

/** A ping, pong or close; longer payloads are cut to MAX_CONTROL_PAYLOAD_BYTES. */
export function controlFrame(opcode: 8 | 9 | 10, payload: Uint8Array): Uint8Array {
  return frameOf(opcode, payload.subarray(0, MAX_CONTROL_PAYLOAD_BYTES));
}

/** A ping with a text as its payload. */
export function pingFrame(payload: string): Uint8Array {
  return controlFrame(OPCODE.ping, encoder.encode(payload));
}

/** A close frame; a code that may not be sent becomes 1000, a long reason is cut at a character. */
export function closeFrame(code: number, reason: string): Uint8Array {
  const payload = new Uint8Array(MAX_CONTROL_PAYLOAD_BYTES);
  new DataView(payload.buffer).setUint16(0, isSendableCode(code) ? code : 1000);
  const { written } = encoder.encodeInto(reason, payload.subarray(2));
  return controlFrame(OPCODE.close, payload.subarray(0, 2 + written));
}

/** What fits beside the code in a close frame. */
export function closeReason(reason: string): string {
  const room = new Uint8Array(MAX_CONTROL_PAYLOAD_BYTES - 2);
  return reason.slice(0, encoder.encodeInto(reason, room).read);
}

/** Codes an endpoint may put into a close frame (RFC 6455, section 7.4). */
export function isSendableCode(code: number): boolean {
  return (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
    (code >= 3000 && code <= 4999);
}

/**
 * Unmasks `buffer[start … end)` in place with the four bytes at `maskAt` (RFC 6455, section 5.3). Four
 * bytes a turn, because this loop and the decoder are what a frame costs.
 */
export function unmask(buffer: Uint8Array, maskAt: number, start: number, end: number): void {
  const [a, b, c, d] = [
    buffer[maskAt]!,
    buffer[maskAt + 1]!,
    buffer[maskAt + 2]!,
    buffer[maskAt + 3]!,
  ];
  let at = start;
  for (; at + 3 < end; at += 4) {
    buffer[at]! ^= a;
    buffer[at + 1]! ^= b;
    buffer[at + 2]! ^= c;
    buffer[at + 3]! ^= d;
  }
  if (at < end) buffer[at]! ^= a;
  if (at + 1 < end) buffer[at + 1]! ^= b;
  if (at + 2 < end) buffer[at + 2]! ^= c;
}

function frameOf(opcode: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(payload.length + MAX_HEADER_BYTES);
  const headerBytes = writeHeader(frame, opcode, payload.length);
  frame.set(payload, headerBytes);
  return frame.subarray(0, headerBytes + payload.length);
}

/** Nothing is ever cut twice from the same place: frames wait for their peers for as long as they must. */
function frameBuffer(bytes: number): Uint8Array {
  if (bytes > MAX_SLAB_FRAME_BYTES) return new Uint8Array(bytes);
  if (slabUsed + bytes > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  slabUsed += bytes;
  return slab.subarray(slabUsed - bytes, slabUsed);
}

function writeHeader(frame: Uint8Array, opcode: number, length: number): number {
  frame[0] = FINAL | opcode;
  if (length < 126) {
    frame[1] = length;
    return 2;
  }
  const view = new DataView(frame.buffer, frame.byteOffset);
  if (length < 0x10000) {
    frame[1] = 126;
    view.setUint16(2, length);
    return 4;
  }
  frame[1] = 127;
  view.setBigUint64(2, BigInt(length));
  return MAX_HEADER_BYTES;
}
