// `/api/v1/facts`: what is known of the house, and telling it.

import { didYouMean } from "../config/nearest.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { jsonAnswer, problemAnswer } from "./api_answer.ts";
import { readBody } from "./api_body.ts";
import { FACT_BODY } from "./api_shapes.ts";
import type { Proxy } from "./proxy.ts";

/** Every fact that the configuration names. */
export function facts(proxy: Proxy): Response {
  return jsonAnswer({ facts: proxy.facts() });
}

/** Takes a value in and answers with the fact. 404: nothing in the configuration uses it. */
export async function setFact(request: Request, name: string, proxy: Proxy): Promise<Response> {
  const names = proxy.facts().map((fact) => String(fact.name));
  if (!names.includes(name)) {
    const reason = `nothing uses a fact ${JSON.stringify(name)}${didYouMean(name, names)}`;
    return problemAnswer(404, "unknown_fact", reason);
  }
  const body = await readBody(request, FACT_BODY);
  if (!body.ok) return body.refusal;
  const { value, attributes } = body.value;
  proxy.learnFact(
    name,
    value === null ? null : String(value),
    attributes as JsonObject | undefined,
  );
  return jsonAnswer(proxy.facts().find((fact) => fact.name === name));
}
