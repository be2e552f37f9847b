// Three backends and a script want one obedient charger, on a proxy with its REST interface.

import assert from "node:assert/strict";
import { databasePath } from "../../src/io/database.ts";
import { query } from "../process/support/ledger.ts";
import { type RunningProxy, withProxy } from "../support/running_proxy.ts";
import { type StrictBackendServer, strictBackendServer } from "../support/strict_backend.ts";
import { centralSystemAnswers } from "../support/strict_backend.ts";
import { type StrictClient, strictDialInBackend } from "../support/strict_charger.ts";
import type { Payload } from "../support/strict_peer.ts";
import { until } from "../support/until.ts";
import { JsonClient } from "./json_client.ts";
import { ObedientCharger } from "./obedient_charger.ts";

/** Where each backend's transaction ids begin: a foreign one is seen. */
export const FIRST_IDS = { grid: 100, evcc: 2_000, home: 30_000 } as const;

export interface Contest {
  readonly running: RunningProxy;
  readonly charger: ObedientCharger;
  /** It is dialled; the other two dial in. */
  readonly grid: StrictBackendServer;
  readonly evcc: StrictClient;
  readonly home: StrictClient;
  /** It speaks JSON. */
  readonly script: JsonClient;
}

export interface ContestOptions {
  /** More of each backend's configuration, as YAML in a mapping: `priority: 5`. */
  readonly grid?: string;
  readonly evcc?: string;
  readonly home?: string;
  readonly script?: string;
  /** More of the charger's, such as `max_current_a: 32`. */
  readonly charger?: string;
  /** Rows that the charger has for GetConfiguration. */
  readonly keys?: Readonly<Record<string, string>>;
}

function configuration(more: string, gridUrl: string, options: ContestOptions): string {
  const { grid = "priority: 20", evcc = "priority: 10", home = "", script = "" } = options;
  return `
charger: { ${["id: CP1", "limit_spacing_s: 0", options.charger].filter(Boolean).join(", ")} }
rate_limit_seconds: 0
start_spacing_ms: 0
backends:
  - { id: grid, url: "${gridUrl}", ${complete(grid)} }
  - { id: evcc, token: e, ${complete(evcc)} }
  - { id: home, token: h, ${complete(home)} }
  - { id: script, token: s, ${complete(script)} }
${more}`;
}

/** What a backend's configuration does not say itself. */
function complete(own: string): string {
  const defaults = ["role: controller", "min_hold_s: 0"];
  const missing = defaults.filter((item) => !own.includes(item.split(":")[0]!));
  return [own, ...missing].filter((item) => item !== "").join(", ");
}

/** Runs a test with everybody connected and registered, and asserts that all spoke valid OCPP. */
export async function contest(
  more: string,
  options: ContestOptions,
  test: (contest: Contest) => Promise<void>,
): Promise<void> {
  const grid = await strictBackendServer({ firstTransactionId: FIRST_IDS.grid });
  try {
    await withProxy(configuration(more, grid.url, options), async (running) => {
      const url = running.url.replace("http", "ws");
      const dialIn = (id: "evcc" | "home") =>
        strictDialInBackend(`${url}/backend`, id, id[0]!, {
          reconnect: false,
          concurrency: 100,
          answers: centralSystemAnswers(FIRST_IDS[id]),
        });
      const evcc = await dialIn("evcc");
      const home = await dialIn("home");
      const script = await JsonClient.connect(`${url}/backend/script`, { token: "s" });
      const charger = await ObedientCharger.connect(`${url}/charger`);
      for (const [key, value] of Object.entries(options.keys ?? {})) {
        charger.keys.push({ key, readonly: true, value });
      }
      try {
        for (const id of ["grid", "evcc", "home"]) {
          const known = () => report(running).backends.find((backend) => backend.id === id);
          await until(() => known()?.registration === "accepted", 5_000, `${id} to register`);
        }
        await test({ running, charger, grid, evcc, home, script });
        for (const { violations } of [charger.client, grid, evcc, home]) {
          assert.deepEqual(violations, []);
        }
        assert.deepEqual(running.logged.filter((line) => line.startsWith("error")), []);
      } finally {
        await Promise.all([charger.client.close(), evcc.close(), home.close(), script.close()]);
      }
    });
  } finally {
    await grid.close();
  }
}

export function report({ proxy }: RunningProxy): ReturnType<RunningProxy["proxy"]["report"]> {
  return proxy.report();
}

/** Who holds control. */
export function holder({ running }: Contest): string | undefined {
  return report(running).holder?.backend_id as string | undefined;
}

/** The reason of the newest decision about a backend; null: the owner. */
export function lastReason({ running }: Contest, backendId: string | null): string {
  const decision = report(running).decisions.findLast((row) => row.backend_id === backendId);
  return String(decision?.reason);
}

/** A request to the REST interface, which has to succeed; what it answers. */
export async function rest(
  { running }: Contest,
  method: string,
  path: string,
  body?: Payload,
): Promise<Payload> {
  const response = await fetch(`${running.url}/api/v1/${path}`, {
    method,
    ...body && {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    },
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
}

/** The books: for each session whose it is, why, its energy and how it ended. */
export function books({ running }: Contest): string[] {
  return query(
    databasePath(running.dataDir),
    "SELECT backend_id, booked_by, energy_wh, stop_reason FROM session ORDER BY transaction_id",
  ).map((row) => Object.values(row).join(" "));
}

/** A backend says RemoteStartTransaction for connector 1, and the charger begins. */
export async function start(
  { charger }: Contest,
  backend: StrictClient | StrictBackendServer,
  idTag: string,
): Promise<number> {
  const answer = await backend.call("RemoteStartTransaction", { connectorId: 1, idTag });
  assert.equal(answer.status, "Accepted");
  await until(() => charger.running?.idTag === idTag, 5_000, `the transaction of ${idTag}`);
  const told = await until(
    () => backend.payloads("StartTransaction").find((payload) => payload.idTag === idTag),
    5_000,
    `${idTag} to reach its backend`,
  );
  assert.equal(told.meterStart, charger.running!.meterStartWh);
  return charger.running!.transactionId;
}

/** Waits until the charger goes by this limit, and the proxy knows; undefined: by none. */
export async function limited(
  { charger, running }: Contest,
  limit: number | undefined,
): Promise<void> {
  const applied = () => charger.shelf.limit === limit && report(running).limit.applied === true;
  await until(applied, 3_000, `the limit ${limit}`).catch((error) => {
    throw new Error(`${error.message}; the charger has ${charger.shelf.profiles}`);
  });
}
