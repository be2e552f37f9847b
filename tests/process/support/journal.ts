// What a program did to its database, as preload.c wrote it down, and the files that a power loss
// may have left of it.

import type { Random } from "./random.ts";

export type JournalFile = "database" | "log";

interface Operation {
  readonly type: "write" | "sync" | "truncate";
  readonly file: JournalFile;
  /** Where the record ends in the journal. */
  readonly end: number;
  readonly offset: number;
  readonly data: Uint8Array;
  readonly length: number;
}

const RECORD_BYTES = 32;
const TYPES = [undefined, "write", "sync", "truncate"] as const;
const FILES = [undefined, "database", "log"] as const;
/** What a disk writes as a whole. */
const SECTOR_BYTES = 512;

/** All that was done, in its order. */
export function readJournal(bytes: Uint8Array): Operation[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const operations: Operation[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes.length;) {
    const [kind, file, offset, length] = [0, 8, 16, 24]
      .map((field) => Number(view.getBigInt64(at + field, true))) as [
        number,
        number,
        number,
        number,
      ];
    const type = TYPES[kind]!;
    at += RECORD_BYTES;
    const data = bytes.subarray(at, type === "write" ? at + length : at);
    at += data.length;
    operations.push({ type, file: FILES[file]!, end: at, offset, data, length });
  }
  return operations;
}

/** The two files while they are written, and what of them a disk has for certain. */
export class PowerLoss {
  readonly #operations: readonly Operation[];
  /** A control: as if the write-ahead log were never synced. */
  readonly #ignoresLogSyncs: boolean;
  readonly #certain = { database: new Image(), log: new Image() };
  #uncertain: Operation[] = [];
  #next = 0;

  constructor(operations: readonly Operation[], ignoresLogSyncs: boolean) {
    this.#operations = operations;
    this.#ignoresLogSyncs = ignoresLogSyncs;
  }

  /** Goes on to where the journal had so many bytes; never back. */
  advance(end: number): void {
    for (; this.#next < this.#operations.length; this.#next++) {
      const operation = this.#operations[this.#next]!;
      if (operation.end > end) return;
      if (operation.type !== "sync") this.#uncertain.push(operation);
      else if (operation.file !== "log" || !this.#ignoresLogSyncs) this.#sync(operation.file);
    }
  }

  /** Files as a power loss now may leave them: of what was not synced, anything may be missing. */
  leave(random: Random): Record<JournalFile, Uint8Array> {
    const files = { database: this.#certain.database.copy(), log: this.#certain.log.copy() };
    const kept = random.next();
    for (const operation of this.#uncertain) {
      if (random.chance(kept)) files[operation.file].apply(torn(operation, random));
    }
    return { database: files.database.bytes, log: files.log.bytes };
  }

  #sync(file: JournalFile): void {
    for (const operation of this.#uncertain) {
      if (operation.file === file) this.#certain[file].apply(operation);
    }
    this.#uncertain = this.#uncertain.filter((operation) => operation.file !== file);
  }
}

/** A file in memory, with room to grow. */
class Image {
  #room: Uint8Array;
  #length: number;

  constructor(bytes = new Uint8Array()) {
    this.#room = bytes;
    this.#length = bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }

  copy(): Image {
    return new Image(this.bytes.slice());
  }

  apply({ type, offset, data, length }: Operation): void {
    const end = type === "truncate" ? length : offset + data.length;
    if (end > this.#room.length) {
      const room = new Uint8Array(2 * end);
      room.set(this.bytes);
      this.#room = room;
    }
    if (type === "truncate") {
      this.#room.fill(0, end, Math.max(end, this.#length));
      this.#length = end;
      return;
    }
    this.#room.set(data, offset);
    this.#length = Math.max(this.#length, end);
  }
}

/** Some of its sectors only, now and then. */
function torn(operation: Operation, random: Random): Operation {
  const { type, data } = operation;
  if (type !== "write" || data.length <= SECTOR_BYTES || random.chance(0.7)) return operation;
  const sectors = random.between(1, Math.ceil(data.length / SECTOR_BYTES) - 1);
  return { ...operation, data: data.subarray(0, sectors * SECTOR_BYTES) };
}
