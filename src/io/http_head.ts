// Reads the head of an HTTP request, with the patience real chargers need.

import type { ByteConnection } from "./byte_connection.ts";

export interface RequestHead {
  readonly method: string;
  /** As sent: percent-encoding, repeated slashes and query untouched. */
  readonly target: string;
  readonly minorVersion: 0 | 1;
  readonly headers: Headers;
  /** Header lines that are none, left out: tolerable in a handshake, not in an HTTP request. */
  readonly unreadableLines: number;
}

/** A head that cannot be answered with anything but this HTTP status. */
export interface HeadProblem {
  readonly status: 400 | 431 | 505;
  readonly reason: string;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/**
 * Takes one head off the connection. Undefined: the connection ended, or was ended, first. What
 * follows the head stays in the connection's buffer.
 */
export async function readHead(
  bytes: ByteConnection,
  maxBytes: number,
): Promise<RequestHead | HeadProblem | undefined> {
  let searched = 0;
  while (true) {
    if (searched === 0) skipEmptyLines(bytes);
    const length = headLength(bytes, searched);
    if (length !== undefined && length <= maxBytes) {
      const text = latin1(bytes.buffer.subarray(bytes.start, bytes.start + length));
      bytes.start += length;
      return parseHead(text);
    }
    searched = bytes.end - bytes.start;
    if (searched >= maxBytes) {
      return { status: 431, reason: `request head longer than ${maxBytes} bytes` };
    }
    if (!await bytes.fill()) return undefined;
  }
}

/** Reads a head from its text, one character per byte. */
export function parseHead(text: string): RequestHead | HeadProblem {
  const lines = text.split(/\r?\n/);
  const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) +(.*?) +HTTP\/(\d)\.(\d) *$/.exec(
    lines[0]!,
  );
  if (requestLine === null) return { status: 400, reason: "not an HTTP request" };
  const [, method, target, major, minor] = requestLine;
  if (major !== "1") return { status: 505, reason: "HTTP version not supported" };

  const headers = new Headers();
  let unreadableLines = 0;
  for (const line of unfold(lines.slice(1))) {
    const colon = line.indexOf(":");
    try {
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    } catch {
      unreadableLines++;
    }
  }
  return {
    method: method!,
    target: withoutOrigin(target!),
    minorVersion: minor === "0" ? 0 : 1,
    headers,
    unreadableLines,
  };
}

/** Whether a WebSocket is wanted; a missing or odd `Connection` header is forgiven. */
export function wantsWebSocket(head: RequestHead): boolean {
  return head.method === "GET" && head.minorVersion === 1 &&
    tokens(head.headers.get("upgrade")).some((token) => token.toLowerCase() === "websocket") &&
    (head.headers.get("sec-websocket-key") ?? "") !== "";
}

/** The members of a comma-separated header, several lines of it being one list. */
export function tokens(value: string | null): string[] {
  return (value ?? "").split(",").map((token) => token.trim()).filter((token) => token !== "");
}

function skipEmptyLines(bytes: ByteConnection): void {
  while (
    bytes.start < bytes.end &&
    (bytes.buffer[bytes.start] === LINE_FEED || bytes.buffer[bytes.start] === CARRIAGE_RETURN)
  ) bytes.start++;
}

/** Up to and with the empty line; `searched` bytes are known to hold no end. */
function headLength(bytes: ByteConnection, searched: number): number | undefined {
  const { buffer, start, end } = bytes;
  let at = start + Math.max(0, searched - 3);
  while ((at = buffer.indexOf(LINE_FEED, at)) !== -1 && at < end) {
    const next = buffer[at + 1] === CARRIAGE_RETURN ? at + 2 : at + 1;
    if (next < end && buffer[next] === LINE_FEED) return next + 1 - start;
    at++;
  }
  return undefined;
}

/** Joins lines that begin with white space to the one before (RFC 9112, section 5.2). */
function unfold(lines: readonly string[]): string[] {
  const unfolded: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line) && unfolded.length > 0) {
      unfolded.push(`${unfolded.pop()} ${line.trim()}`);
    } else if (line !== "") {
      unfolded.push(line);
    }
  }
  return unfolded;
}

/** The path and query of a target in absolute form (RFC 9112, section 3.2.2). */
function withoutOrigin(target: string): string {
  const absolute = /^https?:\/\/[^/?#]*(.*)$/i.exec(target);
  const path = absolute === null ? target : absolute[1]!;
  return path.startsWith("/") ? path : `/${path}`;
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 4096) {
    text += String.fromCharCode(...bytes.subarray(i, i + 4096));
  }
  return text;
}
