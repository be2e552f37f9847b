// One HTTP request and its response, between a connection and a fetch handler.

import type { ByteConnection } from "./byte_connection.ts";
import { type RequestBody, requestBody } from "./http_body.ts";
import { type RequestHead, tokens } from "./http_head.ts";
import { writeRefusal, writeResponse } from "./http_response.ts";
import { everyTick } from "./ticker.ts";

/** Answers plain HTTP; WebSocket handshakes that are none come here too. */
export type FetchHandler = (
  request: Request,
  info: { readonly remoteAddress: string },
) => Response | Promise<Response>;

export interface ExchangeOptions {
  /** With scheme and host, for requests that name no host. */
  readonly origin: string;
  readonly bodyBytes: number;
  readonly stallMs: number;
  readonly fetch: FetchHandler;
  /** The handler, or the body of its response, has thrown: a bug of ours. */
  failed(error: unknown): void;
}

/** The URL of a request, or undefined where target and host make none. */
export function requestUrl(head: RequestHead, origin: string): URL | undefined {
  const { protocol, host } = new URL(origin);
  return URL.parse(`${protocol}//${head.headers.get("host") || host}${head.target}`) ??
    URL.parse(`${origin}${head.target}`) ?? undefined;
}

/**
 * Whether an HTTP request says readably which host it means: once, and nothing that moves the path.
 * Whom a request may be answered to hangs on it; chargers, which are forgiven more, do not come here.
 */
function namesHost({ headers }: RequestHead): boolean {
  const host = headers.get("host") ?? "";
  return host === "" || (/^[^\s,/?#@\\]+$/.test(host) && URL.canParse(`http://${host}`));
}

/** No Request can have these methods: the handler hears of one that nothing takes. */
const UNSPEAKABLE: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Serves one request; true: the connection can take another one. */
export async function exchange(
  bytes: ByteConnection,
  head: RequestHead,
  options: ExchangeOptions,
): Promise<boolean> {
  const url = requestUrl(head, options.origin);
  if (url === undefined || head.unreadableLines > 0 || !namesHost(head)) {
    writeRefusal(bytes, 400, "unreadable request");
    return false;
  }
  const body = requestBody(bytes, head, options.bodyBytes);
  if (body !== null && "status" in body) {
    writeRefusal(bytes, body.status, body.reason);
    return false;
  }

  const gone = new AbortController();
  let request: Request;
  try {
    request = new Request(url, {
      method: UNSPEAKABLE.has(head.method.toUpperCase()) ? "UNSUPPORTED" : head.method,
      headers: head.headers,
      signal: gone.signal,
      body: body === null || head.method === "GET" || head.method === "HEAD" ? null : body.stream,
    });
  } catch {
    writeRefusal(bytes, 400, "unreadable request");
    return false;
  }

  bytes.onDestroyed = () => gone.abort();
  const unwatch = watchForStall(bytes, () => body?.reading ?? false, options.stallMs);
  try {
    const response = await respond(request, bytes.remoteAddress, body, options);
    const endless = isEndless(response);
    if (endless) void endWithPeer(bytes);
    const reusable = await writeResponse(
      bytes,
      head,
      response,
      !endless && wantsKeepAlive(head),
      gone.signal,
    );
    if (endless) {
      await bytes.drained();
      bytes.destroy();
      return false;
    }
    return reusable && (body === null || await body.discardRest());
  } catch (error) {
    options.failed(error);
    return false;
  } finally {
    unwatch();
    bytes.onDestroyed = undefined;
  }
}

async function respond(
  request: Request,
  remoteAddress: string,
  body: RequestBody | null,
  options: ExchangeOptions,
): Promise<Response> {
  try {
    return await options.fetch(request, { remoteAddress });
  } catch (error) {
    const problem = body?.problem;
    if (problem !== undefined) {
      return new Response(`${problem.reason}\n`, { status: problem.status });
    }
    options.failed(error);
    return new Response("internal error\n", { status: 500 });
  }
}

function wantsKeepAlive(head: RequestHead): boolean {
  const connection = tokens(head.headers.get("connection")).map((token) => token.toLowerCase());
  return head.minorVersion === 1 && !connection.includes("close");
}

/** Whether a body has no end of its own: Server-Sent Events. */
function isEndless({ body, headers }: Response): boolean {
  return body !== null && headers.get("content-type") === "text/event-stream";
}

/** Who writes now and then only has to read as well, or never hears that the peer has gone. */
async function endWithPeer(bytes: ByteConnection): Promise<void> {
  do {
    bytes.start = bytes.end = 0;
  } while (await bytes.fill());
  bytes.destroy();
}

/** Destroys a connection that neither reads our response nor sends its body for `stallMs`. */
function watchForStall(
  bytes: ByteConnection,
  readingBody: () => boolean,
  stallMs: number,
): () => void {
  let progress = -1;
  let since = 0;
  return everyTick((now, late) => {
    const waiting = bytes.unsentBytes > 0 || readingBody();
    const moved = bytes.bytesRead + bytes.bytesWritten;
    if (!waiting || late || moved !== progress) {
      progress = moved;
      since = now;
    } else if (now - since >= stallMs) {
      bytes.destroy();
    }
  });
}
