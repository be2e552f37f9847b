// Asks a running server by HTTP, and tells apart the ways in which that can fail.

import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

/** What came of it. */
export type Answer =
  | { readonly type: "json"; readonly body: unknown }
  /** It wants another token, or none from here; or what was asked for is not possible. */
  | { readonly type: "refused"; readonly reason: string }
  /** Something listens, and has nothing to say within TIMEOUT_MS. */
  | { readonly type: "silent" }
  /** It answers like no ocpp-proxy. */
  | { readonly type: "stranger" }
  | { readonly type: "unreachable"; readonly reason: string };

/** What is asked. */
export interface Asking {
  readonly path: string;
  readonly token: string | undefined;
  readonly verifyTls: boolean;
  /** Sent by POST, as JSON; absent: GET. */
  readonly body?: unknown;
}

/** The longest one answer may take, ms. */
export const TIMEOUT_MS = 5_000;

/** The longest answer, bytes. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Asks `<url><path>`; `url` without trailing slash. Never throws. */
export function askServer(
  url: string,
  { path, token, verifyTls, body }: Asking,
): Promise<Answer> {
  // Not fetch: that would send our token through the proxy that HTTP_PROXY names.
  const request = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    let connected = false;
    const asking = request(`${url}${path}`, {
      agent: false,
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...token !== undefined && { authorization: `Bearer ${token}` },
        ...body !== undefined && { "content-type": "application/json" },
      },
      rejectUnauthorized: verifyTls,
    }, (response) => {
      connected = true;
      readAnswer(response).then(resolve, () => resolve({ type: "stranger" }));
    });
    const timer = setTimeout(() => {
      resolve({ type: "silent" });
      asking.destroy();
    }, TIMEOUT_MS);
    asking.on("error", (error) => {
      resolve(connected ? { type: "stranger" } : { type: "unreachable", reason: error.message });
    });
    asking.on("close", () => clearTimeout(timer));
    asking.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Why there is no JSON of an ocpp-proxy, as a sentence. */
export function failureText(answer: Exclude<Answer, { type: "json" }>, url: string): string {
  switch (answer.type) {
    case "refused":
      return `${url} refuses: ${answer.reason}`;
    case "silent":
      return `the proxy at ${url} does not answer`;
    case "stranger":
      return `what answers at ${url} is no ocpp-proxy`;
    case "unreachable":
      return `cannot reach ${url} (${answer.reason})`;
    default:
      return answer satisfies never;
  }
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const { statusCode = 0 } = response;
  const body = json(await textOf(response));
  if (statusCode === 200 && body !== undefined) return { type: "json", body };
  const reason = typeof body === "object" && body !== null && "reason" in body
    ? body.reason
    : undefined;
  if (typeof reason !== "string") return { type: "stranger" };
  return { type: "refused", reason };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new RangeError("the answer is too long");
  }
  return text + decoder.decode();
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
