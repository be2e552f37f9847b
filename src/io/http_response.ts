// Writes an HTTP response to a connection, streaming its body as fast as the client reads.

import type { ByteConnection } from "./byte_connection.ts";
import type { RequestHead } from "./http_head.ts";

const REASONS: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** What the connection decides about itself. */
const OURS = new Set(["connection", "transfer-encoding", "keep-alive", "upgrade", "date"]);

const encoder = new TextEncoder();

/** A status line and headers; characters beyond Latin-1 are not possible in either. */
export function responseHead(
  status: number,
  headers: Iterable<readonly [string, string]>,
): Uint8Array {
  let text = `HTTP/1.1 ${status} ${REASONS[status] ?? "Unknown"}\r\n`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return latin1(`${text}\r\n`);
}

/** Writes a short response that ends the connection; the caller lets it end. */
export function writeRefusal(
  bytes: ByteConnection,
  status: number,
  reason: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = encoder.encode(`${reason}\n`);
  bytes.write(responseHead(status, [
    ...Object.entries(headers),
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Content-Length", String(body.length)],
    ["Connection", "close"],
  ]));
  bytes.write(body);
}

/**
 * Writes a response whole. True: the connection can take another request. A body that fails half-way
 * destroys the connection, so that nobody takes the half for the whole.
 */
export async function writeResponse(
  bytes: ByteConnection,
  head: RequestHead,
  response: Response,
  keepAlive: boolean,
  gone: AbortSignal,
): Promise<boolean> {
  const { status, body } = response;
  const headers: [string, string][] = [["Date", new Date().toUTCString()]];
  for (const [name, value] of response.headers) {
    if (!OURS.has(name)) headers.push([name, value]);
  }
  const announced = response.headers.get("content-length");
  const bodiless = head.method === "HEAD" || status === 204 || status === 304;
  let chunked = false;
  if (!bodiless && announced === null) {
    if (body === null) {
      headers.push(["Content-Length", "0"]);
    } else if (head.minorVersion === 1) {
      headers.push(["Transfer-Encoding", "chunked"]);
      chunked = true;
    } else {
      keepAlive = false;
    }
  }
  if (!keepAlive) headers.push(["Connection", "close"]);
  bytes.write(responseHead(status, headers));

  if (bodiless || body === null) {
    await body?.cancel();
    return keepAlive;
  }
  const sent = await writeBody(bytes, body, chunked, gone);
  if (announced !== null && sent !== Number(announced)) bytes.destroy();
  return keepAlive && !bytes.destroyed;
}

async function writeBody(
  bytes: ByteConnection,
  body: ReadableStream<Uint8Array>,
  chunked: boolean,
  gone: AbortSignal,
): Promise<number> {
  const reader = body.getReader();
  gone.addEventListener("abort", () => void reader.cancel().catch(() => {}));
  let sent = 0;
  try {
    while (!bytes.destroyed) {
      const { done, value } = await reader.read();
      if (done) {
        if (chunked) bytes.write(encoder.encode("0\r\n\r\n"));
        return sent;
      }
      if (value.length === 0) continue;
      bytes.write(chunked ? chunkOf(value) : value);
      sent += value.length;
      await bytes.drained();
    }
  } catch (error) {
    bytes.destroy();
    throw error;
  } finally {
    await reader.cancel().catch(() => {});
  }
  return sent;
}

/** Size line, bytes and line end in one piece, because three writes may become three packets. */
function chunkOf(value: Uint8Array): Uint8Array {
  const size = encoder.encode(`${value.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + value.length + 2);
  chunk.set(size);
  chunk.set(value, size.length);
  chunk.set([13, 10], size.length + value.length);
  return chunk;
}

function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
