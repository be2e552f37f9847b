// Frames as a hostile client writes them: any opcode, mask, form of length, and lengths that lie.

import { Buffer } from "node:buffer";
import fc from "fast-check";

/** How a length is written: as briefly as it can be, or with more bytes than it needs. */
type LengthForm = "short" | "16 bits" | "64 bits";

interface Written {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly final: boolean;
  readonly reserved: number;
  /** Undefined: not masked. */
  readonly mask: Uint8Array | undefined;
  readonly form: LengthForm;
  /** What the header says in place of the true length. */
  readonly lie: bigint | undefined;
}

const REASONS = ["", "bye", "\u{1f50c}".repeat(30), "x".repeat(123)];

/** Close frames with codes that may be sent and codes that may not (RFC 6455, section 7.4). */
const closing = fc.tuple(
  fc.oneof(
    fc.constantFrom(0, 999, 1000, 1001, 1004, 1005, 1006, 1012, 1014, 1015, 2999, 3000, 4999, 5000),
    fc.nat(65_535),
  ),
  fc.constantFrom(...REASONS),
).map(([code, reason]) => Buffer.from([code >> 8, code & 255, ...Buffer.from(reason)]));

/** Text that is UTF-8, and bytes that nearly are: cut, overlong, surrogates, beyond Unicode. */
const payload: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 140 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 200 }),
  fc.constantFrom<readonly number[]>(
    [],
    [0xef, 0xbb, 0xbf, 0x5b],
    [0xf0, 0x9f, 0x94],
    [0x8c, 0x5d],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xef, 0xbf, 0xbd],
    [0x00],
  ).map((bytes) => Uint8Array.from(bytes)),
  closing,
);

const SMALL_LIES = [0n, 1n, 125n, 126n, 127n];

/** Longer than any message may be. */
const LARGE_LIES = [65_535n, 65_536n, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

/** `any`: also what only some readers forgive, as no mask, and what takes the next frame apart. */
export function clientFrames(any: boolean): fc.Arbitrary<Uint8Array[]> {
  const rarely = <T>(odd: fc.Arbitrary<T>, usual: T) =>
    fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd });
  const frame: fc.Arbitrary<Written> = fc.record({
    opcode: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(0, 0, 1, 1, 1, 2, 8, 9, 10) },
      { weight: 1, arbitrary: fc.nat(15) },
    ),
    payload,
    final: fc.oneof({ weight: 2, arbitrary: fc.constant(true) }, fc.constant(false)),
    reserved: rarely(fc.constantFrom(0x10, 0x20, 0x40, 0x70), 0),
    mask: fc.oneof(
      { weight: 4, arbitrary: fc.uint8Array({ minLength: 4, maxLength: 4 }) },
      {
        weight: any ? 1 : 4,
        arbitrary: fc.constantFrom(any ? undefined : Uint8Array.of(0, 0, 0, 0)),
      },
    ),
    form: any
      ? rarely(fc.constantFrom<LengthForm>("16 bits", "64 bits"), "short")
      : fc.constant<LengthForm>("short"),
    lie: rarely<bigint | undefined>(
      fc.constantFrom(...any ? SMALL_LIES : [], ...LARGE_LIES),
      undefined,
    ),
  });
  return fc.array(frame.map(bytesOf), { minLength: 1, maxLength: 8 });
}

function bytesOf({ opcode, payload, final, reserved, mask, form, lie }: Written): Uint8Array {
  const length = lie ?? BigInt(payload.length);
  const bit = mask ? 0x80 : 0;
  const header = [(final ? 0x80 : 0) | reserved | opcode];
  if (form === "64 bits" || length > 65_535n) {
    header.push(bit | 127);
    for (let shift = 56n; shift >= 0n; shift -= 8n) header.push(Number(length >> shift & 255n));
  } else if (form === "16 bits" || length > 125n) {
    header.push(bit | 126, Number(length >> 8n), Number(length & 255n));
  } else header.push(bit | Number(length));
  return Uint8Array.from([
    ...header,
    ...mask ?? [],
    ...payload.map((byte, index) => byte ^ (mask?.[index & 3] ?? 0)),
  ]);
}
