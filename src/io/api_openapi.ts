// `GET /api/v1/openapi.json`: the routes as OpenAPI 3.1, made from their table.

import type { GenericSchema } from "valibot";
import metadata from "../../deno.json" with { type: "json" };
import { jsonAnswer } from "./api_answer.ts";
import { type ParameterName, PARAMETERS } from "./api_query.ts";
import { type Route, ROUTES } from "./api_routes.ts";
import { type JsonSchema, jsonSchema } from "./api_schema.ts";

const PROBLEMS: Readonly<Record<number, string>> = {
  400: "The request is wrong.",
  401: "A token is needed, or it is wrong.",
  403: "This address, or this token, may not.",
  404: "There is no such thing.",
  409: "It has been decided already.",
  413: "The body is too long.",
  415: "The content type is not application/json.",
  429: "Too many wrong tokens.",
  503: "The database cannot be read, or too many ask.",
};

const PROBLEM: JsonSchema = {
  type: "object",
  properties: {
    error: { type: "string", description: "A code for programs." },
    reason: { type: "string", description: "A sentence for people." },
  },
  required: ["error", "reason"],
};

/** The document, for the server at the URL that it was asked by. */
export function openApi({ origin }: URL): Response {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of ROUTES as readonly Route[]) {
    const path = route.path.replace(/<(\w+)>/, "{$1}");
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(route);
  }
  return jsonAnswer({
    openapi: "3.1.0",
    info: {
      title: "ocpp-proxy",
      version: metadata.version,
      description: "One EV charger, shared by several backends; the homeowner stays in control.",
      license: { name: metadata.license, identifier: metadata.license },
    },
    servers: [{ url: origin }],
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        token: { type: "http", scheme: "bearer" },
        password: { type: "http", scheme: "basic", description: "The token as the password." },
        query: { type: "apiKey", in: "query", name: "token", description: "GET only." },
      },
    },
  });
}

function operation(route: Route): JsonSchema {
  const parameters = [...pathParameters(route.path), ...(route.query ?? []).map(queryParameter)];
  return {
    operationId: `${route.method.toLowerCase()}${route.path.replaceAll(/\W+/g, "_")}`,
    summary: route.purpose,
    ...route.scope && {
      description: `For tokens of the scope ${route.scope}.`,
      security: [
        { token: [] },
        { password: [] },
        ...route.method === "GET" ? [{ query: [] }] : [],
        // From this machine, where no tokens are configured.
        {},
      ],
    },
    ...parameters.length > 0 && { parameters },
    ...route.body && {
      requestBody: { required: true, content: { "application/json": media(route.body) } },
    },
    responses: {
      200: {
        description: "Done.",
        content: Object.fromEntries(
          Object.entries(route.answers).map(([type, schema]) => [type, media(schema)]),
        ),
      },
      ...Object.fromEntries(
        [...route.scope ? [401, 403, 429] : [], ...route.problems ?? []].map((status) => [
          status,
          {
            description: PROBLEMS[status],
            content: {
              "application/json": { schema: { $ref: "#/components/schemas/Problem" } },
            },
          },
        ]),
      ),
    },
  };
}

function media(schema: GenericSchema | "text"): JsonSchema {
  return schema === "text" ? {} : { schema: jsonSchema(schema) };
}

function pathParameters(path: string): JsonSchema[] {
  return [...path.matchAll(/<(\w+)>/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameter(name: ParameterName): JsonSchema {
  const { meaning, schema } = PARAMETERS[name];
  return { name, in: "query", description: meaning, schema };
}
