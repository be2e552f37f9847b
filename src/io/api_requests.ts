// `/api/v1/requests`: what the owner is being asked, and the owner's answers.

import { jsonAnswer, problemAnswer } from "./api_answer.ts";
import { readBody } from "./api_body.ts";
import { ANSWER_BODY } from "./api_shapes.ts";
import type { Proxy } from "./proxy.ts";

/** The questions that are open, the oldest first. */
export function questions(proxy: Proxy): Response {
  return jsonAnswer({ requests: proxy.report().questions });
}

/** 404: there never was such a question; 409: it has been decided already. */
export async function answerQuestion(
  request: Request,
  number: string,
  proxy: Proxy,
): Promise<Response> {
  const body = await readBody(request, ANSWER_BODY);
  if (!body.ok) return body.refusal;
  const { decision } = body.value;
  const id = /^[1-9]\d{0,14}$/.test(number) ? Number(number) : 0;
  const question = proxy.report().questions.find((item) => item.id === id);
  if (question === undefined) {
    return proxy.questionState(id) === "closed"
      ? problemAnswer(409, "already_decided", `request ${id} has been decided already`)
      : problemAnswer(404, "unknown_request", `there is no request ${JSON.stringify(number)}`);
  }
  proxy.answerQuestion(id, decision === "allow");
  const { backend_id, rule } = question;
  const { forgetful: warning } = proxy;
  return jsonAnswer({ id, decision, backend_id, rule, ...warning && { warning } });
}
