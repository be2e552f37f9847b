// The key of the household's stand-ins for id tags: <data_dir>/recording.key, mode 0600.

import { join } from "node:path";

/** 32 bytes, in hex. */
const KEY = /^[0-9a-f]{64}$/;

function pathIn(dataDir: string): string {
  return join(dataDir, "recording.key");
}

/** The key; undefined: nothing has been recorded with one. */
export function readRecordingKey(dataDir: string): string | undefined {
  try {
    const key = Deno.readTextFileSync(pathIn(dataDir)).trim();
    return KEY.test(key) ? key : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The key, made when there is none: with it, recordings of different days can be compared. */
export function recordingKey(dataDir: string): string {
  const known = readRecordingKey(dataDir);
  if (known !== undefined) return known;
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  Deno.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  Deno.writeTextFileSync(pathIn(dataDir), `${key}\n`, { mode: 0o600 });
  return key;
}
