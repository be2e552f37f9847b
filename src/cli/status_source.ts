// Where `status` gets its report: from a server by HTTP, or from the database when none runs.

import type { Configuration } from "../config/configuration.ts";
import { statusReport } from "../core/status_report.ts";
import { createState } from "../core/step.ts";
import { databasePath, openDatabaseReadOnly } from "../io/database.ts";
import { readServerFile } from "../io/server_file.ts";
import { readSnapshot } from "../io/snapshot.ts";
import { Statements } from "../io/statements.ts";
import { type StatusView, statusView } from "../io/status_view.ts";
import { asStoreError } from "../io/store_error.ts";
import { type Answer, askServer, failureText } from "./ask_server.ts";
import type { StatusFlags } from "./flags.ts";

/** A report, or the sentence that says why there is none. */
export type Source =
  | {
    readonly type: "report";
    /** Whether a server gave it, or its database. */
    readonly running: boolean;
    /** As it came. */
    readonly report: unknown;
    readonly view: StatusView;
  }
  | { readonly type: "failed"; readonly reason: string };

/** Asks `--url`, else the proxy of this configuration, else the database of that. Never throws. */
export async function findStatus(
  flags: StatusFlags,
  configuration: Configuration,
): Promise<Source> {
  const { dataDir, api } = configuration;
  const token = flags.token ?? api.tokens.find(({ scopes }) => scopes.has("read"))?.token;
  if (flags.url !== undefined) {
    return fromAnswer(await ask(flags.url, token, true), flags.url);
  }
  const server = readServerFile(dataDir);
  if (server === undefined) return fromDatabase(configuration);
  // Its certificate is for the name that others use; this is the address of our own machine.
  const answer = await ask(server.url, token, false);
  // A proxy that was killed leaves its file behind, and somebody else may listen there now.
  if (answer.type === "unreachable" || answer.type === "stranger") {
    return fromDatabase(configuration);
  }
  return fromAnswer(answer, server.url);
}

function ask(url: string, token: string | undefined, verifyTls: boolean): Promise<Answer> {
  return askServer(url, { path: "/status", token, verifyTls });
}

function fromAnswer(answer: Answer, url: string): Source {
  if (answer.type !== "json") return { type: "failed", reason: failureText(answer, url) };
  const view = statusView(answer.body);
  return view
    ? { type: "report", running: true, report: answer.body, view }
    : { type: "failed", reason: `what answers at ${url} is no ocpp-proxy of this version` };
}

function fromDatabase({ core, dataDir }: Configuration): Source {
  const path = databasePath(dataDir);
  try {
    const database = openDatabaseReadOnly(path);
    try {
      const now = Date.now();
      const snapshot = readSnapshot(new Statements(database));
      const report = statusReport(createState(core, snapshot, now), now);
      const view = statusView(report);
      if (view === undefined) throw new Error("the report has another shape than its view");
      return { type: "report", running: false, report, view };
    } finally {
      database.close();
    }
  } catch (error) {
    const { kind, message } = asStoreError(error, path);
    const hint = "; 'serve' makes it, data_dir in the configuration says where";
    return { type: "failed", reason: kind === "missing" ? message + hint : message };
  }
}
