// The whole thing at work: the proxy, a charger, an employer that is dialled, a controller that
// dials in. Plays two sessions, shows what the proxy says of them, stays until Ctrl-C (`--once`: ends).

import { fileURLToPath } from "node:url";
import { listeningBackend } from "../src/simulate/backend.ts";
import { VirtualCharger } from "../src/simulate/charger.ts";
import { JsonBackend } from "../src/simulate/json_backend.ts";
import { Narrator } from "../src/simulate/narrator.ts";
import { carFor, waitFor } from "../src/simulate/play.ts";
import { type Program, startProgram } from "../tests/support/program.ts";

const FAMILY_TAG = "04A2B3C4D5";
const COMPANY_TAG = "04FFEE0011";
const CONTROLLER_TOKEN = crypto.randomUUID();
/** What the controller wants to know. */
const EVENTS = [
  "charger_connected",
  "status",
  "meter",
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
  nameWidth: "employer".length,
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

/** The controller asks for control, starts the family car, limits it, stops it. */
async function controlledSession(charger: VirtualCharger, solar: JsonBackend): Promise<void> {
  const say = speaker("solar");
  const connector = charger.connector(1);
  const powerW = () => Math.round(connector.reading.powerW);
  charger.plugIn(1, carFor(11_000));
  say("asks for control: the sun is out");
  await solar.request("request_control", { connector_id: 1, reason: "the sun is out" });
  say("starts the family car");
  await solar.request("RemoteStartTransaction", { connector_id: 1, id_tag: FAMILY_TAG });
  await step(() => powerW() > 10_000, "full power");
  await pause(2_000);
  say("a cloud: 8 A are enough");
  await solar.request("set_limit", { current_a: 8 });
  await step(() => powerW() === 8 * 230 * 3, "8 A");
  await pause(3_000);
  say("the sun is back");
  await solar.request("clear_limit");
  await step(() => powerW() > 10_000, "full power again");
  await pause(1_500);
  const started = solar.events.findLast((event) => event.type === "transaction_started");
  say("stops");
  await solar.request("RemoteStopTransaction", { transaction_id: started?.transaction_id });
  await step(() => !connector.transaction, "the end of the transaction");
  charger.unplug(1);
}

/** The company car charges by its card: a session for the employer to pay. */
async function companySession(charger: VirtualCharger): Promise<void> {
  charger.plugIn(1, carFor(11_000));
  if (!await charger.presentTag(1, COMPANY_TAG)) throw new Error("the company card was refused");
  await step(() => charger.connector(1).reading.powerW > 10_000, "full power");
  await pause(2_000);
  await charger.presentTag(1, COMPANY_TAG);
  charger.unplug(1);
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
  let solar: JsonBackend | undefined;
  try {
    program = await startProgram({ config: configuration(employer.url), output: speaker("proxy") });
    solar = new JsonBackend({
      url: program.backendUrl,
      id: "solar",
      token: CONTROLLER_TOKEN,
      events: EVENTS,
      report: speaker("solar"),
    });
    solar.start();
    charger = new VirtualCharger({
      url: program.chargerUrl,
      id: "DEMO-1",
      speed: SPEED,
      report: speaker("charger"),
    });
    charger.start();
    const everybody = () =>
      charger?.registration.accepted === true && solar?.connected === true && employer.connected;
    await step(everybody, "everybody to be connected");

    await controlledSession(charger, solar);
    await pause(1_000);
    await companySession(charger);
    const told = () =>
      employer.system.transactions.filter((one) => one.meterStopWh !== undefined).length === 2;
    await step(told, "the employer to know both sessions");

    await command(program, "status");
    await command(program, "export", "--since", "2024");
    if (once) return;
    narrator.say("demo", `look at ${program.httpUrl}/ or try: curl ${program.httpUrl}/sessions`);
    narrator.say("demo", `the configuration is ${program.configPath}; end it with Ctrl-C`);
    await waitFor(() => false, Infinity, signal);
  } finally {
    await charger?.stop();
    await solar?.stop();
    await program?.close();
    await employer.close();
  }
}

function configuration(employerUrl: string): string {
  return `
backends:
  - { id: employer, url: "${employerUrl}", role: biller, priority: 20 }
  - { id: solar, token: "${CONTROLLER_TOKEN}", role: controller }
id_tags:
  - { tag: "${FAMILY_TAG}", name: Family car, owner: true }
  - { tag: "${COMPANY_TAG}", name: Company car, backend: employer }
rate_limit_seconds: 0
`;
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
