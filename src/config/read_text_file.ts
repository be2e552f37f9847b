// Reads a text file of a person, and no more of it than such a file can have.

/**
 * How much is read, 4 MiB. A text that was cut here still has more than a million characters, which
 * is more than any of our files may have: whoever reads one sees by its length that it is too long.
 */
const MAX_BYTES = 4 * 1024 * 1024;

/** The beginning of a file as text, also of one that never ends; throws what Deno throws. */
export function readTextFile(path: string): string {
  using file = Deno.openSync(path);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const bytes = new Uint8Array(64 * 1024);
  let text = "";
  for (let left = MAX_BYTES; left > 0;) {
    const length = file.readSync(bytes);
    if (length === null) break;
    text += decoder.decode(bytes.subarray(0, length), { stream: true });
    left -= length;
  }
  return text + decoder.decode();
}
