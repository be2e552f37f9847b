// Files of people: read to their end, unless they have none.

import { equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { MAX_FILE_LENGTH } from "../../src/config/load.ts";
import { readTextFile } from "../../src/config/read_text_file.ts";

Deno.test("a file is read as it is, wherever its characters lie", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "f");
    // Characters of three bytes: no multiple of them fills a piece of 64 KiB.
    for (const text of ["", "\uFEFFa: 1\r\n", "–".repeat(100_000)]) {
      await Deno.writeTextFile(file, text);
      equal(readTextFile(file), text);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("of a file without an end so much is read that it is too long", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "f");
    // The most bytes that a character can have: the text is as short as it can be.
    await Deno.writeTextFile(file, "–".repeat(10 * MAX_FILE_LENGTH));
    const { length } = readTextFile(file);
    ok(length > MAX_FILE_LENGTH, `${length}`);
    ok(length < 5 * MAX_FILE_LENGTH, `${length}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
