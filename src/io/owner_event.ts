// The owner's word as an event of Home Assistant: with the checks of REST, and the same keys.

import * as v from "valibot";
import { issueText } from "./api_body.ts";
import { ANSWER_BODY, OVERRIDE_BODY } from "./api_shapes.ts";
import { sayWord, understoodWord } from "./owner_word.ts";
import type { Proxy } from "./proxy.ts";

/** The charger that is meant, where a household has several proxies. */
const MEANT = { charger: v.optional(v.string()) };

const WORD = v.strictObject({ ...OVERRIDE_BODY.entries, ...MEANT });

const ANSWER = v.strictObject({
  ...ANSWER_BODY.entries,
  ...MEANT,
  request: v.pipe(v.number(), v.integer("expected the number of a question")),
});

/** Does what an event says; returns why not. One that is meant for another charger is no mistake. */
export function obeyEvent(data: unknown, proxy: Proxy): string | undefined {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return "expected an object";
  if ("charger" in data && data.charger !== (proxy.chargePointId ?? "")) return undefined;
  return "request" in data ? obeyAnswer(data, proxy) : obeyWord(data, proxy);
}

function obeyWord(data: object, proxy: Proxy): string | undefined {
  const read = v.safeParse(WORD, data);
  if (!read.success) return issueText(read.issues[0], WORD);
  const { charger: _, ...body } = read.output;
  const understood = understoodWord(body, proxy);
  if (!understood.ok) return understood.reason;
  sayWord(understood.word, proxy);
  return undefined;
}

function obeyAnswer(data: object, proxy: Proxy): string | undefined {
  const read = v.safeParse(ANSWER, data);
  if (!read.success) return issueText(read.issues[0], ANSWER);
  const { request, decision } = read.output;
  if (proxy.questionState(request) !== "open") return `question ${request} is not open`;
  proxy.answerQuestion(request, decision === "allow");
  return undefined;
}
