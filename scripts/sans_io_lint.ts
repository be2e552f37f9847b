// Lint plugin: `src/ocpp` and `src/core` decide, they never reach for the world.

/** What a file of a pure folder may import from, as folders under `src/`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  ocpp: ["ocpp"],
  core: ["ocpp", "core"],
};

/** Packages that a pure folder may import: they compute, and touch nothing. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  ocpp: [],
  core: ["@marcbachmann/cel-js"],
};

/** Globals through which a clock, a socket, a file, a timer, randomness or a log is reached. */
const WORLD: ReadonlySet<string> = new Set([
  "Deno",
  "process",
  "globalThis",
  "window",
  "self",
  "performance",
  "crypto",
  "console",
  "fetch",
  "WebSocket",
  "EventSource",
  "Worker",
  "BroadcastChannel",
  "localStorage",
  "sessionStorage",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "queueMicrotask",
  "Promise",
  "alert",
  "confirm",
  "prompt",
]);

/** Members of otherwise harmless globals that read the clock or draw at random. */
const MEMBERS: ReadonlySet<string> = new Set(["Date.now", "Math.random", "Temporal.Now"]);

function pureFolder(fileName: string): string | undefined {
  const folder = /^(?:.*\/)?src\/(\w+)\//.exec(fileName.replaceAll("\\", "/"))?.[1];
  return folder !== undefined && Object.hasOwn(MAY_IMPORT, folder) ? folder : undefined;
}

/** The folder under `src/` that a relative import leads to; undefined when it is not relative. */
function importedFolder(fileName: string, specifier: string): string | undefined {
  if (!/^\.\.?\//.test(specifier)) return undefined;
  const target = new URL(specifier, `file:///${fileName.replaceAll("\\", "/")}`).pathname;
  return /\/src\/(\w+)\/[^/]/.exec(target)?.[1] ?? "";
}

/** Whether an identifier is only a name here: a member, a key, a label, not a reference. */
function isOnlyAName(node: Deno.lint.Identifier): boolean {
  const parent = node.parent as unknown as { type: string } & Record<string, unknown>;
  switch (parent.type) {
    case "MemberExpression":
      return parent.property === node && parent.computed !== true;
    case "Property":
      return parent.key === node && parent.computed !== true && parent.shorthand !== true;
    case "MethodDefinition":
    case "PropertyDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "TSEnumMember":
      return parent.key === node && parent.computed !== true;
    case "TSQualifiedName":
      return parent.right === node;
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return true;
    default:
      return false;
  }
}

const pure: Deno.lint.Rule = {
  create(context) {
    const folder = pureFolder(context.filename);
    if (folder === undefined) return {};
    const report = (node: Deno.lint.Node, what: string, hint: string): void =>
      context.report({ node, message: `src/${folder} is pure: ${what}`, hint });

    const checkImport = (node: Deno.lint.Node, specifier: unknown): void => {
      if (typeof specifier !== "string") {
        report(node, "no import by a computed name", "Name the module.");
        return;
      }
      if (MAY_USE[folder]?.includes(specifier)) return;
      const target = importedFolder(context.filename, specifier);
      if (target === undefined || !MAY_IMPORT[folder]?.includes(target)) {
        const allowed = MAY_IMPORT[folder]?.map((name) => `src/${name}`).join(" and ");
        report(node, `no import of "${specifier}"`, `It may import from ${allowed} only.`);
      }
    };
    const checkAsync = (node: Deno.lint.Node & { async?: boolean }): void => {
      if (node.async) report(node, "nothing is async", "Waiting is an effect and a later event.");
    };

    return {
      ImportDeclaration: (node) => checkImport(node, node.source.value),
      ExportAllDeclaration: (node) => checkImport(node, node.source.value),
      ExportNamedDeclaration(node) {
        if (node.source) checkImport(node, node.source.value);
      },
      ImportExpression(node) {
        checkImport(node, node.source.type === "Literal" ? node.source.value : undefined);
      },
      AwaitExpression: (node) =>
        report(node, "no await", "Waiting is an effect and a later event."),
      ForOfStatement(node) {
        if (node.await) report(node, "no await", "Waiting is an effect and a later event.");
      },
      FunctionDeclaration: checkAsync,
      FunctionExpression: checkAsync,
      ArrowFunctionExpression: checkAsync,
      NewExpression(node) {
        const isDate = node.callee.type === "Identifier" && node.callee.name === "Date";
        if (isDate && node.arguments.length === 0) {
          report(node, "no `new Date()`", "Time comes in as `now`.");
        }
      },
      CallExpression(node) {
        if (node.callee.type === "Identifier" && node.callee.name === "Date") {
          report(node, "no `Date()`", "Time comes in as `now`.");
        }
      },
      MemberExpression(node) {
        if (node.object.type !== "Identifier") return;
        const property = node.property.type === "Identifier"
          ? node.property.name
          : node.property.type === "Literal"
          ? String(node.property.value)
          : "";
        const member = `${node.object.name}.${property}`;
        if (MEMBERS.has(member)) {
          report(node, `no \`${member}\``, "Time and random values come in with the event.");
        }
      },
      Identifier(node) {
        if (WORLD.has(node.name) && !isOnlyAName(node)) {
          report(node, `no \`${node.name}\``, "The world belongs to src/io: ask for an effect.");
        }
      },
    };
  },
};

const plugin: Deno.lint.Plugin = { name: "sans-io", rules: { pure } };

// Deno loads a plugin by its default export.
export default plugin;
