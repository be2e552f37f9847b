// A household: Home Assistant, a broker, a phone, the program, a charger; and what they say.

import { Broker } from "../support/broker.ts";
import { type Program, startProgram } from "../support/program.ts";
import { bootStrictCharger, strictCharger, type StrictClient } from "../support/strict_charger.ts";
import { until } from "../support/until.ts";
import { RealHomeAssistant } from "./home_assistant.ts";

/** What a phone gets. */
export interface Push {
  readonly title?: string;
  readonly message: string;
  readonly data?: { readonly actions?: readonly { readonly action: string }[] };
}

/** What the tests look at of a status report. */
export interface Status {
  readonly mode: { readonly mode: string; readonly until: string | null };
  readonly owner_limit: { readonly current_a: number } | null;
  readonly sessions: readonly unknown[];
  readonly home_assistant: { readonly connected: boolean; readonly problem: string | null } | null;
}

/** Backends and rules; a fact that grows old at once, and one that does not. */
const CONFIG = `charger: { max_current_a: 20 }
backends:
  - { id: neighbour, role: controller, token: v }
  - { id: Second car, role: observer, token: w }
rules:
  - name: guests
    when: 'ha("input_boolean.guest") == "on" || ha("input_boolean.told") == "x"'
    then: ask
    ask_timeout_s: 60
facts:
  - { name: input_boolean.told, max_age_s: 3 }
`;

export class Household {
  readonly broker: Broker;
  readonly house: RealHomeAssistant;
  readonly program: Program;
  readonly charger: StrictClient;
  readonly pushes: readonly Push[];
  /** By which the phone speaks to Home Assistant. */
  readonly #webhook: string;
  readonly #phone: Deno.HttpServer<Deno.NetAddr>;

  private constructor(
    parts: Pick<Household, "broker" | "house" | "program" | "charger" | "pushes">,
    webhook: string,
    phone: Deno.HttpServer<Deno.NetAddr>,
  ) {
    ({
      broker: this.broker,
      house: this.house,
      program: this.program,
      charger: this.charger,
      pushes: this.pushes,
    } = parts);
    this.#webhook = webhook;
    this.#phone = phone;
  }

  static async start(hass: string): Promise<Household> {
    const broker = await Broker.start();
    const house = await RealHomeAssistant.start(hass);
    const pushes: Push[] = [];
    const phone = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (push) => {
        pushes.push(await push.json());
        return Response.json({}, { status: 201 });
      },
    );
    await house.addBroker(broker.port, broker.username, broker.password);
    const webhook = await house.addPhone(
      "test phone",
      `http://127.0.0.1:${phone.addr.port}/push`,
    );
    await house.call("input_boolean.turn_on", { entity_id: "input_boolean.guest" });
    const link = `home_assistant: { url: "${house.url}", token: ${house.token}, ` +
      `notify: [mobile_app_test_phone] }\n`;
    const program = await startProgram({ config: `${CONFIG}${link}${broker.yaml}` });
    const charger = await strictCharger(program.chargerUrl, "CP1");
    await bootStrictCharger(charger);
    return new Household({ broker, house, program, charger, pushes }, webhook, phone);
  }

  /** The report of the program. */
  async status(): Promise<Status> {
    return await (await fetch(`${this.program.httpUrl}/status`)).json();
  }

  /** What the program knows of an entity of Home Assistant. */
  async fact(name: string): Promise<{ readonly state: string; readonly value: string }> {
    const { facts } = await (await fetch(`${this.program.httpUrl}/api/v1/facts`)).json();
    return facts.find((known: { name: string }) => known.name === name);
  }

  /** Waits until Home Assistant shows this; numbers are compared as numbers. */
  async shows(id: string, value: string | number, timeoutMs = 20_000): Promise<void> {
    let found: string | undefined;
    await until(
      async () => {
        found = (await this.house.state(id))?.state;
        return found === value || Number(found || NaN) === value;
      },
      timeoutMs,
      `${id} to be ${value}`,
    ).catch((error) => {
      throw new Error(`${(error as Error).message}; it is ${found}`);
    });
  }

  /** Somebody taps on a button of a notification. */
  async tap(action: string | undefined): Promise<void> {
    const response = await fetch(this.#webhook, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        type: "fire_event",
        data: { event_type: "mobile_app_notification_action", event_data: { action } },
      }),
    });
    await response.body?.cancel();
  }

  /** The meter of a transaction says so much, Wh. */
  async meter(transactionId: unknown, wh: number): Promise<void> {
    await this.charger.call("MeterValues", {
      connectorId: 1,
      transactionId,
      meterValue: [{
        timestamp: new Date().toISOString(),
        sampledValue: [
          { value: String(wh) },
          { value: "7200", measurand: "Power.Active.Import", unit: "W" },
          { value: "16", measurand: "Current.Import", phase: "L1", unit: "A" },
          { value: "230", measurand: "Voltage", phase: "L1-N", unit: "V" },
        ],
      }],
    });
  }

  /** The program reads its configuration again, with what `change` makes of it. */
  async reconfigure(change: (yaml: string) => string): Promise<void> {
    const yaml = (await Deno.readTextFile(this.program.configPath))
      .split("\n").filter((line) => !/^(listen|data_dir)/.test(line)).join("\n");
    await this.program.configure(change(yaml));
    this.program.signal("SIGHUP");
  }

  /** What Home Assistant complained of that has to do with us; that its broker was away is not. */
  complaints(): string[] {
    return this.house.log.split("\n").filter((line) =>
      / (WARNING|ERROR) /.test(line) && /mqtt|ocpp.proxy_|charger|unique/i.test(line) &&
      !line.includes("[homeassistant.components.mqtt.client]")
    );
  }

  async close(): Promise<void> {
    await this.charger.close();
    await this.program.close();
    await this.#phone.shutdown();
    await this.house.close();
    await this.broker.close();
  }
}
