// Asks a server for its status, and tells apart the ways in which that can fail.

import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

/** What came of it. */
export type Answer =
  | { readonly type: "json"; readonly body: unknown }
  /** It wants another token, or none from here. */
  | { readonly type: "refused"; readonly reason: string }
  /** Something listens, and has nothing to say within TIMEOUT_MS. */
  | { readonly type: "silent" }
  /** It answers like no ocpp-proxy. */
  | { readonly type: "stranger" }
  | { readonly type: "unreachable"; readonly reason: string };

/** The longest one answer may take, ms. */
export const TIMEOUT_MS = 5_000;

/** The longest answer, bytes. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** `GET <url>/status`; `url` without trailing slash. Never throws. */
export function askServer(
  url: string,
  token: string | undefined,
  options: { readonly verifyTls: boolean },
): Promise<Answer> {
  // Not fetch: that would send our token through the proxy that HTTP_PROXY names.
  const request = url.startsWith("https:") ? requestHttps : requestHttp;
  return new Promise((resolve) => {
    let connected = false;
    const asking = request(`${url}/status`, {
      agent: false,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      rejectUnauthorized: options.verifyTls,
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
    asking.end();
  });
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
