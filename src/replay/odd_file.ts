// Files that people send and that cannot be played as they are, and what to do with them.

/** A file that is no recording, trace or log; the message says what it is. */
export class OddFile extends Error {}

/** Bytes at the beginning of a file that need to be known. */
export const HEAD_BYTES = 8;

const KINDS: readonly (readonly [magic: readonly number[], says: string])[] = [
  [[0x1f, 0x8b], "it is compressed; unpack it with gunzip first"],
  [[0x28, 0xb5, 0x2f, 0xfd], "it is compressed; unpack it with unzstd first"],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], "it is compressed; unpack it with unxz first"],
  [[0x42, 0x5a, 0x68], "it is compressed; unpack it with bunzip2 first"],
  [[0x50, 0x4b, 0x03, 0x04], "it is a ZIP archive; unpack it with unzip first"],
  [[0xff, 0xfe], "it is text in UTF-16; convert it to UTF-8 first"],
  [[0xfe, 0xff], "it is text in UTF-16; convert it to UTF-8 first"],
  [[0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], "it is a database; a recording is what is needed"],
];

/** Throws OddFile where the beginning of a file, or its first line, shows that it cannot be played. */
export function refuseOddFile(head: Uint8Array, firstLine: string): void {
  const kind = KINDS.find(([magic]) => magic.every((byte, index) => head[index] === byte));
  if (kind !== undefined) throw new OddFile(kind[1]);
  if (/^\s*\[\s*(?:$|\{)/.test(firstLine)) {
    throw new OddFile("it is one JSON array; expected an object a line, as `jq -c .[]` writes it");
  }
  if (/^\{"at":-?\d+,"event":/.test(firstLine)) {
    throw new OddFile("the first line of the recording is missing, which has the configuration");
  }
}
