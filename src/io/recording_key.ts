// The key of the household's stand-ins for id tags: <data_dir>/recording.key, mode 0600.

import { join } from "node:path";

/** 32 bytes, in hex. */
const KEY = /^[0-9a-f]{64}$/;

/** The key, made when there is none: with it, recordings of different days can be compared. */
export function recordingKey(dataDir: string): string {
  const path = join(dataDir, "recording.key");
  try {
    const key = Deno.readTextFileSync(path).trim();
    if (KEY.test(key)) return key;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  Deno.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  Deno.writeTextFileSync(path, `${key}\n`, { mode: 0o600 });
  return key;
}
