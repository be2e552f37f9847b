// Independent charge points for tests: a charger, and the proxy's side of a dial-in backend.

import { RPCClient } from "ocpp-rpc";
import {
  type Answers,
  nowText,
  type Payload,
  type Received,
  Recorder,
  STRICT_OPTIONS,
} from "./strict_peer.ts";
import { centralSystemAnswers } from "./strict_backend.ts";

export interface ClientOptions {
  /** For HTTP Basic authentication, with the id as the user. */
  readonly password?: string;
  /** How CALLs are answered; the rest is NotImplemented or the peer's default. */
  readonly answers?: Answers;
  /** Default: true, with a short wait. */
  readonly reconnect?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** CALLs under way at the same time; default: 1, as OCPP-J has it. */
  readonly concurrency?: number;
}

/** An OCPP peer that dialled in, by ocpp-rpc in strict mode. */
export class StrictClient {
  readonly #client: RPCClient;
  readonly #recorder: Recorder;

  constructor(client: RPCClient, recorder: Recorder) {
    this.#client = client;
    this.#recorder = recorder;
  }

  get received(): readonly Received[] {
    return this.#recorder.received;
  }

  get violations(): readonly string[] {
    return this.#recorder.violations;
  }

  get connected(): boolean {
    return this.#client.state === RPCClient.OPEN;
  }

  payloads(action: string): Payload[] {
    return this.#recorder.payloads(action);
  }

  answer(action: string, answer: Answers[string]): void {
    this.#recorder.answer(action, answer);
  }

  /** Sends a CALL; rejects with an error that has `rpcErrorCode` on a CALLERROR. */
  async call(action: string, payload: Payload = {}): Promise<Payload> {
    return await this.#client.call(action, payload) as Payload;
  }

  /** Sends text as it is. */
  sendRaw(text: string): void {
    this.#client.sendRaw(text);
  }

  /** Breaks the connection without a closing handshake. */
  async cut(): Promise<void> {
    await this.#client.close({ code: 1000, force: true });
  }

  async close(): Promise<void> {
    await this.#client.close({ code: 1000 });
  }
}

async function connect(
  url: string,
  id: string,
  answers: Answers,
  options: ClientOptions,
): Promise<StrictClient> {
  const client = new RPCClient({
    ...STRICT_OPTIONS,
    endpoint: url,
    identity: id,
    reconnect: options.reconnect ?? true,
    backoff: { initialDelay: 50, maxDelay: 200, factor: 2, randomisationFactor: 0 },
    password: options.password ?? null,
    headers: { ...options.headers },
    strictModeValidators: [],
    deferPingsOnActivity: false,
    respondWithDetailedErrors: false,
    callConcurrency: options.concurrency ?? 1,
    maxBadMessages: Infinity,
    maxReconnects: Infinity,
    wsOpts: {},
  });
  const recorder = new Recorder({ ...answers, ...options.answers });
  recorder.watch(client);
  await client.connect();
  return new StrictClient(client, recorder);
}

/** What a charger with one connector says when nothing else is told. */
const CHARGER_ANSWERS: Answers = {
  CancelReservation: () => ({ status: "Accepted" }),
  ChangeAvailability: () => ({ status: "Accepted" }),
  ChangeConfiguration: () => ({ status: "Accepted" }),
  ClearCache: () => ({ status: "Accepted" }),
  ClearChargingProfile: () => ({ status: "Accepted" }),
  DataTransfer: () => ({ status: "UnknownVendorId" }),
  GetCompositeSchedule: () => ({ status: "Rejected" }),
  GetConfiguration: ({ key }) => ({ configurationKey: [], unknownKey: key ?? [] }),
  GetDiagnostics: () => ({}),
  GetLocalListVersion: () => ({ listVersion: 0 }),
  RemoteStartTransaction: () => ({ status: "Accepted" }),
  RemoteStopTransaction: () => ({ status: "Accepted" }),
  ReserveNow: () => ({ status: "Accepted" }),
  Reset: () => ({ status: "Accepted" }),
  SendLocalList: () => ({ status: "Accepted" }),
  SetChargingProfile: () => ({ status: "Accepted" }),
  TriggerMessage: () => ({ status: "Accepted" }),
  UnlockConnector: () => ({ status: "Unlocked" }),
  UpdateFirmware: () => ({}),
};

/** A charger at `<url>/<id>` that only does what the test tells it. */
export function strictCharger(
  url: string,
  id: string,
  options: ClientOptions = {},
): Promise<StrictClient> {
  return connect(url, id, CHARGER_ANSWERS, options);
}

/** A backend that dials in at `<url>/<id>`: the other side is the charge point. */
export function strictDialInBackend(
  url: string,
  id: string,
  token: string,
  options: ClientOptions = {},
): Promise<StrictClient> {
  return connect(url, id, centralSystemAnswers(), { password: token, ...options });
}

/** Sends what a charger sends when it boots: BootNotification and the status of connectors 0 and 1. */
export async function bootStrictCharger(charger: StrictClient): Promise<void> {
  await charger.call("BootNotification", {
    chargePointVendor: "Strict",
    chargePointModel: "Test",
  });
  for (const connectorId of [0, 1]) {
    await charger.call("StatusNotification", {
      connectorId,
      errorCode: "NoError",
      status: "Available",
      timestamp: nowText(),
    });
  }
}
