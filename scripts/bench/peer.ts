// What the charger and the backends of the measurements say to each other.

import type { Wire } from "./wire.ts";

/** The payload of a CALL with which the charger or a backend answers. */
const ANSWERS: Readonly<Record<string, string>> = {
  BootNotification: `{"status":"Accepted","currentTime":"2026-01-01T00:00:00Z","interval":86400}`,
  GetConfiguration:
    `{"configurationKey":[{"key":"ChargingScheduleAllowedChargingRateUnit","readonly":true,"value":"Current"}]}`,
  GetLocalListVersion: `{"listVersion":7}`,
  Heartbeat: `{"currentTime":"2026-01-01T00:00:00Z"}`,
  SetChargingProfile: `{"status":"Accepted"}`,
  StartTransaction: `{"transactionId":4711,"idTagInfo":{"status":"Accepted"}}`,
};

const CALL = /^\[2,("[^"]*"),"([^"]*)"/;

/** Answers every CALL at once and gives everything else to `answered`. */
export function answering(
  wire: Wire,
  answered: (text: string) => void = () => {},
  called: (action: string) => void = () => {},
): void {
  wire.message = (text) => {
    if (!text.startsWith("[2,")) return answered(text);
    const [, id, action] = CALL.exec(text) ?? [];
    wire.send(`[3,${id},${ANSWERS[action ?? ""] ?? "{}"}]`);
    called(action ?? "");
  };
}

/** One side that makes CALLs and waits for their answers. */
export class Caller {
  readonly wire: Wire;
  #answered: (text: string) => void = () => {};
  #number = 0;

  /** `echoed`: what comes back is the CALL itself. */
  constructor(wire: Wire, echoed = false) {
    this.wire = wire;
    if (echoed) wire.message = (text) => this.#answered(text);
    else answering(wire, (text) => this.#answered(text));
  }

  /** Makes one CALL and returns the answer's text. */
  call(action: string, payload: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#send(action, payload);
    });
  }

  /**
   * Makes `count` CALLs, `depth` of them outstanding, and returns how long each took from its
   * sending to its answer, ms. `payload` is given the number of the CALL, from 0.
   */
  repeat(
    count: number,
    action: string,
    payload: (number: number) => string,
    depth = 1,
  ): Promise<number[]> {
    const sentAt: number[] = [];
    const took: number[] = [];
    return new Promise((resolve) => {
      const next = () => {
        sentAt.push(performance.now());
        this.#send(action, payload(sentAt.length - 1));
      };
      this.#answered = () => {
        // Answers come in the order of the CALLs.
        took.push(performance.now() - sentAt[took.length]!);
        if (took.length === count) resolve(took);
        else if (sentAt.length < count) next();
      };
      for (let open = 0; open < Math.min(depth, count); open++) next();
    });
  }

  #send(action: string, payload: string): void {
    this.wire.send(`[2,"${++this.#number}","${action}",${payload}]`);
  }
}

const NOW = () => new Date().toISOString().replace(/\.\d+/, "");

/** Boots the charger and shows its one connector. */
export async function boot(charger: Caller): Promise<void> {
  await charger.call("BootNotification", `{"chargePointVendor":"Bench","chargePointModel":"One"}`);
  await charger.call("StatusNotification", status("Available"));
}

/** Begins a transaction; returns its id. */
export async function startTransaction(charger: Caller, meterStart = 0): Promise<number> {
  const answer = await charger.call("StartTransaction", startPayload(meterStart));
  return JSON.parse(answer)[2].transactionId;
}

/** Begins and ends so many transactions; returns how long each beginning took, ms. */
export async function timeStarts(charger: Caller, count: number): Promise<number[]> {
  const took: number[] = [];
  for (let n = 0; n < count; n++) {
    // A start that has been before would be answered without the disk.
    const payload = startPayload(Math.floor(performance.now() * 1000));
    const begin = performance.now();
    const answer = await charger.call("StartTransaction", payload);
    took.push(performance.now() - begin);
    await stopTransaction(charger, JSON.parse(answer)[2].transactionId);
  }
  return took;
}

/** Ends a transaction. */
export async function stopTransaction(charger: Caller, transactionId: number): Promise<void> {
  await charger.call("StopTransaction", stopPayload(transactionId));
}

export function stopPayload(transactionId: number): string {
  return `{"transactionId":${transactionId},"meterStop":1000000,"timestamp":"${NOW()}"}`;
}

export function startPayload(meterStart: number): string {
  return `{"connectorId":1,"idTag":"04A2B3C4D5","meterStart":${meterStart},"timestamp":"${NOW()}"}`;
}

/** MeterValues with energy, power and the current of three phases, as a three-phase charger sends. */
export function meterPayload(transactionId: number, energyWh: number): string {
  const current = [1, 2, 3].map((phase) =>
    `{"value":"15.9","measurand":"Current.Import","phase":"L${phase}","unit":"A"}`
  );
  return `{"connectorId":1,"transactionId":${transactionId},"meterValue":[{"timestamp":"${NOW()}",` +
    `"sampledValue":[{"value":"${energyWh}","measurand":"Energy.Active.Import.Register","unit":"Wh"},` +
    `{"value":"11020","measurand":"Power.Active.Import","unit":"W"},${current}]}]}`;
}

function status(word: string): string {
  return `{"connectorId":1,"status":"${word}","errorCode":"NoError","timestamp":"${NOW()}"}`;
}
