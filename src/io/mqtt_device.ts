// The charger as a device of Home Assistant: announced, kept up to date, commanded, removed.

import type { BrokerConfiguration, MqttConfiguration } from "../config/configuration.ts";
import { stringifyJson } from "../ocpp/json.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { LinkHealth } from "./link_health.ts";
import type { Log } from "./log.ts";
import { controlOf, MAX_COMMAND_LENGTH } from "./mqtt_command.ts";
import { componentsOf, discoveryMessage, type HomeDevice, withRemoved } from "./mqtt_discovery.ts";
import { BROKER_TIMES, MqttLink } from "./mqtt_link.ts";
import { type ControlName, type Topics, topicsOf } from "./mqtt_topics.ts";
import { pause } from "./pause.ts";
import { Throttle } from "./throttle.ts";

/** The state is published at most this often, ms. */
export const STATE_SPACING_MS = 1_000;

/** The device is announced at most this often, ms, however often Home Assistant starts. */
const ANNOUNCE_SPACING_MS = 5_000;

/** So long the broker may take to hand over what was announced before, ms. */
const RETAINED_MS = 300;

/** How long the last words may take, ms. */
const FAREWELL_MS = 2_000;

/** What the device shows, and whom it obeys. */
export interface DeviceSource {
  device(): HomeDevice;
  state(): JsonObject;
  command(control: ControlName, payload: string): void;
}

/** One device at one broker. */
export class MqttDevice {
  readonly #configuration: MqttConfiguration;
  readonly #source: DeviceSource;
  readonly #topics: Topics;
  readonly #link: MqttLink;
  readonly #state: Throttle;
  readonly #announcement: Throttle;
  readonly #stopping = new AbortController();
  /** Component → platform, as the broker keeps it. */
  #announced: ReadonlyMap<string, string> = new Map();
  #announcedDevice = "";
  #publishedState = "";
  #ready = false;

  /** `broker` says where it is; undefined: nowhere, at present. */
  constructor(
    configuration: MqttConfiguration,
    source: DeviceSource,
    broker: (signal: AbortSignal) => Promise<BrokerConfiguration | undefined>,
    log: Log,
    times = BROKER_TIMES,
  ) {
    this.#configuration = configuration;
    this.#source = source;
    this.#topics = topicsOf(configuration, source.device().instance);
    this.#state = new Throttle(STATE_SPACING_MS, () => void this.#publishState());
    this.#announcement = new Throttle(ANNOUNCE_SPACING_MS, () => void this.#announce());
    const { discovery, availability, commands, birth } = this.#topics;
    this.#link = new MqttLink(
      {
        broker,
        will: { topic: availability, payload: "offline" },
        subscriptions: [discovery, commands, birth],
        opened: () => this.#opened(),
        message: (topic, payload) => this.#message(topic, payload),
        closed: () => {
          this.#ready = false;
          this.#publishedState = "";
        },
      },
      log,
      times,
    );
  }

  health(): LinkHealth {
    return this.#link.health();
  }

  /** There is nobody to tell: Home Assistant's supervisor knows no broker. */
  get withoutBroker(): boolean {
    return this.#link.withoutBroker;
  }

  /** Something may have changed. */
  update(): void {
    if (!this.#ready || !this.#configuration.enabled) return;
    if (JSON.stringify(this.#source.device()) !== this.#announcedDevice) {
      this.#announcement.request();
    }
    this.#state.request();
  }

  /** Says good-bye; `remove` takes the device out of Home Assistant. */
  async close(remove = false): Promise<void> {
    this.#stopping.abort();
    this.#state.stop();
    this.#announcement.stop();
    if (this.#ready) {
      const last = remove ? this.#remove() : this.#say(this.#topics.availability, "offline");
      const said = new AbortController();
      await Promise.race([last.finally(() => said.abort()), pause(FAREWELL_MS, said.signal)]);
    }
    this.#ready = false;
    await this.#link.close();
  }

  async #opened(): Promise<void> {
    // What was announced before, perhaps with backends that are no more, comes first.
    await pause(RETAINED_MS, this.#stopping.signal);
    if (this.#configuration.enabled) {
      this.#ready = true;
      await this.#announce();
    } else {
      await this.#remove();
      // There is nothing else to do here, ever.
      void this.close();
    }
  }

  #message(topic: string, payload: string): void {
    if (topic === this.#topics.discovery) {
      this.#announced = componentsOf(payload);
      return;
    }
    if (!this.#configuration.enabled || !this.#ready) return;
    if (topic === this.#topics.birth) {
      // It forgets states, and devices too where the broker keeps nothing.
      if (payload === "online") this.#announcement.request();
      return;
    }
    const control = controlOf(topic, this.#topics);
    if (control === undefined || payload.length > MAX_COMMAND_LENGTH) return;
    this.#source.command(control, payload);
    // A control that was moved in vain goes back.
    this.#publishedState = "";
    this.#state.request();
  }

  async #announce(): Promise<void> {
    const { discovery, availability } = this.#topics;
    const device = this.#source.device();
    const message = discoveryMessage(device, this.#topics);
    const text = stringifyJson(message);
    const now = componentsOf(text);
    const gone = [...this.#announced].filter(([key]) => !now.has(key));
    if (gone.length > 0) await this.#say(discovery, stringifyJson(withRemoved(message, gone)));
    if (!await this.#say(discovery, text)) return;
    this.#announcedDevice = JSON.stringify(device);
    await this.#say(availability, "online");
    this.#publishedState = "";
    await this.#publishState();
  }

  async #publishState(): Promise<void> {
    const text = stringifyJson(this.#source.state());
    if (!this.#ready || text === this.#publishedState) return;
    this.#publishedState = text;
    if (!await this.#say(this.#topics.state, text)) this.#publishedState = "";
  }

  /** Empty messages take what was retained away, and with it the device. */
  async #remove(): Promise<void> {
    const { discovery, state, availability } = this.#topics;
    for (const topic of [discovery, state, availability]) await this.#say(topic, "");
  }

  #say(topic: string, payload: string): Promise<boolean> {
    return this.#link.publish(topic, payload);
  }
}
