// The JSON body of a request: read within a bound, checked strictly, told clearly where it is wrong.

import * as v from "valibot";
import { didYouMean } from "../config/nearest.ts";
import { problemAnswer } from "./api_answer.ts";

/** The longest body of any request, bytes. */
export const MAX_BODY_BYTES = 16 * 1024;

/** The body, or the answer that says why it is none: 400, 413, 415. */
export type Body<Output> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly refusal: Response };

type Schema<Output> = v.GenericSchema<unknown, Output>;

/** Reads and checks a body; `more` goes into the answer that refuses it. */
export async function readBody<Output>(
  request: Request,
  schema: Schema<Output>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<Body<Output>> {
  const refuse = (status: number, error: string, reason: string): Body<Output> => ({
    ok: false,
    refusal: problemAnswer(status, error, reason, { more }),
  });
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    return refuse(415, "unsupported_media_type", "the content type has to be application/json");
  }
  const text = await textOf(request);
  if (text === undefined) {
    return refuse(413, "too_large", `the body may have ${MAX_BODY_BYTES} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse(400, "invalid_request", "the body is no JSON");
  }
  // Valibot takes an array for an object.
  if (Array.isArray(value)) return refuse(400, "invalid_request", "expected an object");
  const read = v.safeParse(schema, value);
  if (read.success) return { ok: true, value: read.output };
  return refuse(400, "invalid_request", issueText(read.issues[0], schema));
}

/** Undefined: it is too long. What is broken is as good as nothing. */
async function textOf(request: Request): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    for await (const piece of request.body ?? []) {
      bytes += piece.length;
      if (bytes > MAX_BODY_BYTES) return undefined;
      text += decoder.decode(piece, { stream: true });
    }
  } catch {
    return "";
  }
  return text + decoder.decode();
}

/** What is wrong, as a sentence: `limit_a: expected a number from 0 to 80`. */
export function issueText(issue: v.BaseIssue<unknown>, schema: Schema<unknown>): string {
  const path = v.getDotPath(issue);
  if (issue.type === "strict_object" && issue.expected === "never") {
    const names = Object.keys((schema as unknown as { entries?: object }).entries ?? {});
    return `there is no key ${JSON.stringify(path)}${didYouMean(path ?? "", names)}`;
  }
  const what = issue.kind === "validation" ? issue.message : `expected ${issue.expected}`;
  return path === null ? what : `${path}: ${what}`;
}
