// The whole thing at work: the proxy, a charger, three backends that want it, and its owner. Plays
// three sessions, shows what the proxy says of them, stays until Ctrl-C (`--once`: ends).

import { fileURLToPath } from "node:url";
import type { JsonObject } from "../src/ocpp/json.ts";
import { type ListeningBackend, listeningBackend } from "../src/simulate/backend.ts";
import { VirtualCharger } from "../src/simulate/charger.ts";
import { JsonBackend, RequestFailed } from "../src/simulate/json_backend.ts";
import { Narrator } from "../src/simulate/narrator.ts";
import { carFor, waitFor } from "../src/simulate/play.ts";
import { type Program, startProgram } from "../tests/support/program.ts";

const FAMILY_TAG = "04A2B3C4D5";
const COMPANY_TAG = "04FFEE0011";
const NEIGHBOUR_TAG = "04C0FFEE77";
const TOKENS: Readonly<Record<string, string>> = {
  solar: crypto.randomUUID(),
  neighbour: crypto.randomUUID(),
};
/** What the JSON clients want to know. */
const EVENTS = [
  "charger_connected",
  "transaction_started",
  "control_granted",
  "control_denied",
  "control_revoked",
  "control_released",
  "session",
];
/** How long any step may take, wall-clock milliseconds. */
const STEP_TIMEOUT_MS = 20_000;
/** Two meter values a second. */
const SPEED = 120;

const interrupted = new AbortController();
const { signal } = interrupted;
const narrator = new Narrator({
  out: (text) => {
    try {
      Deno.stdout.writeSync(new TextEncoder().encode(text));
    } catch {
      // `| head` has seen enough: the proxy must not be left behind.
      interrupted.abort();
    }
  },
  colour: Deno.stdout.isTerminal() && !Deno.noColor,
  now: Date.now,
  nameWidth: "neighbour".length,
});
const speaker = (who: string) => (text: string) => narrator.say(who, text);

/** Waits for a step of the play; throws when it does not happen, or the play is interrupted. */
async function step(condition: () => boolean, what: string): Promise<void> {
  if (await waitFor(condition, STEP_TIMEOUT_MS, signal)) return;
  throw new Error(signal.aborted ? "interrupted" : `waited in vain for ${what}`);
}

/** Runs a command of the program, and tells what it writes. */
async function command(program: Program, ...words: string[]): Promise<void> {
  narrator.say("demo", `$ ocpp-proxy ${words.join(" ")}`);
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, ...words, "--config", program.configPath],
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  narrator.say(words[0] ?? "", decoder.decode(stdout) + decoder.decode(stderr));
  if (code !== 0) throw new Error(`${words[0]} ended with code ${code}`);
}

/** Everybody who plays. */
interface Cast {
  readonly program: Program;
  readonly charger: VirtualCharger;
  readonly employer: ListeningBackend;
  readonly solar: JsonBackend;
  readonly neighbour: JsonBackend;
}

/** Something that a backend wants; a refusal is told, and is part of the play. */
async function wish(backend: JsonBackend, who: string, action: string, fields: JsonObject = {}) {
  try {
    return await backend.request(action, fields);
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    narrator.say(who, `… ${error.code}: ${error.message}`);
    return undefined;
  }
}

function powerW({ charger }: Cast): number {
  return Math.round(charger.connector(1).reading.powerW);
}

function isCharging({ charger }: Cast): boolean {
  return charger.connector(1).transaction !== undefined;
}

/** Granted, queued, limited by the owner, released: the controller charges the family car. */
async function controlled(cast: Cast): Promise<void> {
  const { charger, solar, neighbour, program } = cast;
  charger.plugIn(1, carFor(11_000));
  narrator.say("solar", "asks for control: the sun is out");
  await solar.request("request_control", { connector_id: 1, reason: "the sun is out" });
  narrator.say("solar", "starts the family car");
  await solar.request("RemoteStartTransaction", { connector_id: 1, id_tag: FAMILY_TAG });
  await step(() => powerW(cast) > 10_000, "full power");

  narrator.say("neighbour", "wants to charge as well, now");
  await wish(neighbour, "neighbour", "RemoteStartTransaction", { id_tag: NEIGHBOUR_TAG });
  narrator.say("neighbour", "will wait, then");
  await neighbour.request("request_control", { queue: true });

  narrator.say("solar", "a cloud: 12 A are enough");
  await solar.request("set_limit", { current_a: 12 });
  await step(() => powerW(cast) === wattsOf(12), "12 A");
  narrator.say("owner", "somebody cooks: 8 A for everybody");
  await command(program, "override", "limit", "8", "--for", "10m");
  await step(() => powerW(cast) === wattsOf(8), "8 A");
  await command(program, "override", "limit", "off");
  await step(() => powerW(cast) === wattsOf(12), "12 A again");

  const started = solar.events.findLast((event) => event.type === "transaction_started");
  narrator.say("solar", "stops");
  await solar.request("RemoteStopTransaction", { transaction_id: started?.transaction_id });
  await step(() => !isCharging(cast), "the end of the transaction");
  charger.unplug(1);
}

/** Asked about, allowed, charging: the neighbour pays for what it gets. */
async function allowed({ charger, neighbour, solar, program }: Cast): Promise<void> {
  narrator.say("proxy", "it is the neighbour's turn, and a rule says that the owner is asked");
  await command(program, "status");
  narrator.say("owner", "says yes");
  await command(program, "override", "allow", "1");
  const granted = () => neighbour.events.at(-1)?.type === "control_granted";
  await step(granted, "the neighbour to have control");
  charger.plugIn(1, carFor(11_000));
  await neighbour.request("RemoteStartTransaction", { connector_id: 1, id_tag: NEIGHBOUR_TAG });
  await step(() => Math.round(charger.connector(1).reading.powerW) > 10_000, "full power");
  narrator.say("solar", "would like to charge as well");
  await wish(solar, "solar", "RemoteStartTransaction", { id_tag: FAMILY_TAG });
}

/** A higher priority: the running transaction is ended and booked before the next one begins. */
async function takenOver(cast: Cast): Promise<void> {
  const { charger, employer } = cast;
  await pause(2_000);
  narrator.say("employer", "needs the company car charged, and comes before the neighbour");
  const { status } = await employer.call("RemoteStartTransaction", {
    connectorId: 1,
    idTag: COMPANY_TAG,
  });
  narrator.say("employer", `RemoteStartTransaction: ${status}`);
  const company = () => employer.system.transactions.at(-1)?.idTag === COMPANY_TAG;
  await step(company, "the company car to charge");
  await step(() => powerW(cast) > 10_000, "full power");
  await pause(2_000);
  narrator.say("charger", "the company card is held to the reader, which ends it");
  await charger.presentTag(1, COMPANY_TAG);
  charger.unplug(1);
}

/** What a current per phase comes to on three phases. */
function wattsOf(currentA: number): number {
  return currentA * 230 * 3;
}

function pause(ms: number): Promise<boolean> {
  return waitFor(() => false, ms, signal);
}

async function demo(once: boolean): Promise<void> {
  const employer = await listeningBackend({
    firstTransactionId: 70_001,
    report: speaker("employer"),
  });
  let program: Program | undefined;
  let charger: VirtualCharger | undefined;
  const clients: JsonBackend[] = [];
  try {
    program = await startProgram({ config: configuration(employer.url), output: speaker("proxy") });
    const [solar, neighbour] = ["solar", "neighbour"].map((id) =>
      new JsonBackend({
        url: program!.backendUrl,
        id,
        token: TOKENS[id]!,
        events: EVENTS,
        report: speaker(id),
      })
    ) as [JsonBackend, JsonBackend];
    clients.push(solar, neighbour);
    for (const client of clients) client.start();
    charger = new VirtualCharger({
      url: program.chargerUrl,
      id: "DEMO-1",
      speed: SPEED,
      report: speaker("charger"),
    });
    charger.start();
    const everybody = () =>
      charger?.registration.accepted === true && clients.every((client) => client.connected) &&
      employer.connected;
    await step(everybody, "everybody to be connected");

    const cast = { program, charger, employer, solar, neighbour };
    await controlled(cast);
    await allowed(cast);
    await takenOver(cast);
    const told = () =>
      employer.system.transactions.filter((one) => one.meterStopWh !== undefined).length === 3;
    await step(told, "the employer to know all sessions");

    await command(program, "status");
    await command(program, "export", "--since", "2024");
    await command(program, "export", "--since", "2024", "--summary", "backend");
    if (once) return;
    narrator.say("demo", `look at ${program.httpUrl}/ or try: curl ${program.httpUrl}/sessions`);
    narrator.say("demo", `the configuration is ${program.configPath}; end it with Ctrl-C`);
    await waitFor(() => false, Infinity, signal);
  } finally {
    await charger?.stop();
    for (const client of clients) await client.stop();
    await program?.close();
    await employer.close();
  }
}

function configuration(employerUrl: string): string {
  return `
charger: { limit_spacing_s: 1 }
backends:
  - { id: employer, url: "${employerUrl}", role: biller, priority: 20, tariff: office }
  - { id: solar, token: "${TOKENS.solar}", role: controller }
  - { id: neighbour, token: "${TOKENS.neighbour}", role: controller, tariff: street, min_hold_s: 2 }
id_tags:
  - { tag: "${FAMILY_TAG}", name: Family car, owner: true }
  - { tag: "${COMPANY_TAG}", name: Company car, backend: employer }
  - { tag: "${NEIGHBOUR_TAG}", name: The neighbour, backend: neighbour }
rules:
  - { name: the neighbour asks first, backends: [neighbour], then: ask }
tariffs:
  - { name: office, energy_per_kwh: 0.32 }
  - { name: street, energy_per_kwh: 0.45, per_session: 0.50 }
  - { name: grid, energy_per_kwh: 0.28 }
household: { tariff: grid }
rate_limit_seconds: 0
`;
}

const strange = Deno.args.find((word) => word !== "--once");
if (strange !== undefined) {
  console.error(`demo: there is no argument '${strange}', only --once`);
  Deno.exit(2);
}
const interrupt = () => interrupted.abort();
// SIGHUP: the terminal was closed.
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
for (const name of SIGNALS) Deno.addSignalListener(name, interrupt);
try {
  await demo(Deno.args.includes("--once"));
} catch (error) {
  if (!signal.aborted) {
    console.error(`demo: ${error instanceof Error ? error.message : error}`);
    Deno.exitCode = 1;
  }
} finally {
  for (const name of SIGNALS) Deno.removeSignalListener(name, interrupt);
}
