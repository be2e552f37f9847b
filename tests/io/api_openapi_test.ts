// openapi.json: every route is in it, every path in it answers, and answers as it says.

import { deepEqual, equal, ok } from "node:assert/strict";
import { ROUTES } from "../../src/io/api_routes.ts";
import { withProxy } from "../support/running_proxy.ts";

const CONFIGURATION = `
backends:
  - { id: evcc, role: controller, token: v }
facts:
  - { name: season, value: winter }
`;

interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
}

interface Operation {
  readonly operationId: string;
  readonly security?: unknown;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { schema?: Schema }>> }>
  >;
}

async function documentAt(url: string) {
  const { openapi, paths } = await (await fetch(`${url}/api/v1/openapi.json`)).json();
  equal(openapi, "3.1.0");
  return paths as Record<string, Record<string, Operation>>;
}

/** What in a value is not as the schema has it; the subset that our shapes use. */
function faults(value: unknown, schema: Schema, path = ""): string[] {
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if (types.length > 0 && !types.includes(type)) return [`${path} is ${type}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${path} is ${value}`];
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => faults(item, schema.items ?? {}, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) return [];
  const missing = (schema.required ?? []).filter((name) => !(name in value));
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, item]) =>
      faults(item, schema.properties?.[name] ?? {}, `${path}.${name}`)
    ),
  ];
}

Deno.test("every route is in openapi.json, under its method, with its own name", () =>
  withProxy(CONFIGURATION, async ({ url }) => {
    const paths = await documentAt(url);
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
    );
    const routes = ROUTES.map(({ method, path }) => `${method} ${path.replace(/<(\w+)>/, "{$1}")}`);
    deepEqual(documented.sort(), routes.sort());
    const names = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId)
    );
    equal(new Set(names).size, names.length);
    const give = paths["/api/v1/override"]?.post;
    ok(give?.security);
    deepEqual(Object.keys(give?.responses ?? {}), [
      ...["200", "400", "401", "403", "404", "413", "415", "429"],
    ]);
    equal(paths["/healthz"]?.get?.security, undefined);
    deepEqual(paths["/api/v1/requests/{id}"]?.post?.parameters, [
      { name: "id", in: "path", required: true, schema: { type: "string" } },
    ]);
  }));

Deno.test("every path of openapi.json answers with a status and a type that it names", () =>
  withProxy(CONFIGURATION, async ({ url }) => {
    const bodies: Record<string, unknown> = {
      "/override": { backend_id: null },
      "/api/v1/override": { limit_a: 10 },
      "/api/v1/requests/{id}": { decision: "allow" },
      "/api/v1/facts/{name}": { value: "summer" },
    };
    for (const [path, methods] of Object.entries(await documentAt(url))) {
      for (const [method, operation] of Object.entries(methods)) {
        const body = method === "get" ? undefined : bodies[path];
        const response = await fetch(`${url}${path.replace(/\{\w+\}/, "season")}`, {
          method: method.toUpperCase(),
          ...body !== undefined && {
            headers: { "content-type": "application/json" },
            body: JSON.stringify(body),
          },
        });
        const what = `${method} ${path}`;
        const described = operation.responses[response.status];
        ok(described, `${what} answers ${response.status}`);
        const type = response.headers.get("content-type")?.split(";")[0] ?? "";
        const media = described.content[type];
        ok(media, `${what} answers with ${type}`);
        if (type === "application/json" && media.schema) {
          const told = await response.json();
          if (response.status === 200) deepEqual(faults(told, media.schema), [], what);
        } else {
          await response.body?.cancel();
        }
      }
    }
  }));

Deno.test("what openapi.json says of a body is what is taken", () =>
  withProxy(CONFIGURATION, async ({ url }) => {
    const paths = await documentAt(url);
    const schema = paths["/api/v1/override"]?.post?.requestBody?.content["application/json"]
      ?.schema;
    deepEqual(schema, {
      type: "object",
      properties: {
        mode: { type: "string", enum: ["auto", "owner_only", "paused", "backend"] },
        backend_id: { type: "string", description: "with the mode backend" },
        limit_a: { type: ["number", "null"], minimum: 0, maximum: 80, description: "A per phase" },
        until: { type: "string", description: "a time to come, ISO 8601 with its offset" },
        for_s: { type: "integer", minimum: 1, maximum: 31_622_400 },
      },
      additionalProperties: false,
    });
  }));
