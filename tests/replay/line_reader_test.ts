// The lines of files, however long they are.

import { ok, strictEqual, throws } from "node:assert/strict";
import { LineReader, MAX_LINE_VALUES } from "../../src/replay/line_reader.ts";
import { OddFile } from "../../src/replay/odd_file.ts";

/** Calls `use` with a file that has this text. */
function withFile(text: string, use: (path: string) => void): void {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, text);
    use(path);
  } finally {
    Deno.removeSync(path);
  }
}

Deno.test("lines come one after the other, over the borders of blocks, and the cut one last", () => {
  const long = "é".repeat(100_000);
  withFile(`first\r\n${long}\n\nlast`, (path) => {
    using lines = new LineReader(path);
    strictEqual(lines.peek()?.text, "first");
    strictEqual(lines.take()?.text, "first");
    ok(lines.take()?.text === long);
    strictEqual(lines.take()?.text, "");
    const last = lines.take();
    strictEqual(last?.text, "last");
    strictEqual(last?.number, 4);
    strictEqual(last?.complete, false);
    strictEqual(lines.take(), undefined);
  });
});

Deno.test("a line with more values than any recording has is refused before it is parsed", () => {
  withFile(`{}\n[${"0,".repeat(MAX_LINE_VALUES)}0]\n`, (path) => {
    using lines = new LineReader(path);
    strictEqual(lines.peek()?.text, "{}");
    ok(lines.take() !== undefined);
    ok(lines.peek() !== undefined, "as many as are allowed");
  });
  withFile(`[${"0,".repeat(MAX_LINE_VALUES + 1)}0]\n`, (path) => {
    throws(() => new LineReader(path), OddFile);
  });
});
