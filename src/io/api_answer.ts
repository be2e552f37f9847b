// The answers that several routes share: JSON, and JSON that says why not.

/** Sent with everything: figures of a household belong into no cache, frame or referrer. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** An answer with the headers that all of them have. */
export function answer(
  body: BodyInit,
  type: string,
  options: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Response {
  return new Response(body, {
    status: options.status ?? 200,
    headers: { ...HEADERS, "content-type": type, ...options.headers },
  });
}

export function jsonAnswer(value: unknown): Response {
  return answer(`${JSON.stringify(value)}\n`, "application/json");
}

export function textAnswer(text: string, status = 200): Response {
  return answer(`${text}\n`, "text/plain; charset=utf-8", { status });
}

/** `{"error": <code>, "reason": <sentence>}`; `more` goes beside them. */
export function problemAnswer(
  status: number,
  error: string,
  reason: string,
  options: {
    headers?: Readonly<Record<string, string>>;
    more?: Readonly<Record<string, unknown>>;
  } = {},
): Response {
  const { headers = {}, more = {} } = options;
  const body = `${JSON.stringify({ ...more, error, reason })}\n`;
  return answer(body, "application/json", { status, headers });
}
