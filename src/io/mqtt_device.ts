// The charger as a device of Home Assistant: announced, kept up to date, commanded, removed.

import type { BrokerConfiguration, MqttConfiguration } from "../config/configuration.ts";
import { stringifyJson } from "../ocpp/json.ts";
import type { JsonObject } from "../ocpp/json.ts";
import type { LinkHealth } from "./link_health.ts";
import type { Log } from "./log.ts";
import type { HomeEvent } from "./home_event.ts";
import { controlOf, MAX_COMMAND_LENGTH, modeMinutesOf } from "./mqtt_command.ts";
import type { HomeDevice } from "./mqtt_component.ts";
import { componentsOf, discoveryMessage, withRemoved } from "./mqtt_discovery.ts";
import { BROKER_TIMES, MqttLink } from "./mqtt_link.ts";
import { type ControlName, type OwnerControl, type Topics, topicsOf } from "./mqtt_topics.ts";
import { OwnerPace } from "./owner_pace.ts";
import { atMost, pause } from "./pause.ts";
import { Throttle } from "./throttle.ts";

/** The state is published at most this often, ms. */
export const STATE_SPACING_MS = 1_000;

/** The device is announced at most this often, ms, however often Home Assistant starts. */
const ANNOUNCE_SPACING_MS = 1_000;

/** So long the broker may take to hand over what was announced before, ms. */
const RETAINED_MS = 300;

/** So long Home Assistant may take to get used to what has changed, ms, before it hears the state. */
const SETTLING_MS = 500;

/** How long the last words may take, ms. */
const FAREWELL_MS = 1_000;

/** What the device shows, and whom it obeys. */
export interface DeviceSource {
  device(): HomeDevice;
  state(): JsonObject;
  /** `modeMinutes`: how long a mode lasts; 0: until the owner says something else. */
  command(control: OwnerControl, payload: string, modeMinutes: number): void;
}

/** One device at one broker. */
export class MqttDevice {
  readonly #configuration: MqttConfiguration;
  readonly #source: DeviceSource;
  readonly #topics: Topics;
  readonly #link: MqttLink;
  readonly #state: Throttle;
  readonly #announcement: Throttle;
  readonly #pace = new OwnerPace();
  readonly #stopping = new AbortController();
  /** Component → platform, as the broker keeps it. */
  #announced: ReadonlyMap<string, string> = new Map();
  #announcedDevice = "";
  #publishedState = "";
  /** undefined: the broker has not been asked yet. */
  #modeMinutes: number | undefined;
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
    const { discovery, availability, modeMinutes, commands, birth } = this.#topics;
    this.#link = new MqttLink(
      {
        broker,
        will: { topic: availability, payload: "offline" },
        subscriptions: [discovery, modeMinutes, commands, birth],
        opened: () => this.#opened(),
        message: (topic, payload, retained) => this.#message(topic, payload, retained),
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
    if (this.#isAnother()) this.#announcement.request();
    else this.#state.request();
  }

  /** Something has happened; what nobody can be told now is no news later. */
  tell(event: HomeEvent): void {
    if (!this.#ready || !this.#configuration.enabled) return;
    void this.#link.publish(this.#topics.event, stringifyJson(event), false);
  }

  /** Says good-bye; `remove` takes the device out of Home Assistant. */
  async close(remove = false): Promise<void> {
    this.#stopping.abort();
    this.#state.stop();
    this.#announcement.stop();
    this.#pace.stop();
    if (this.#ready) {
      const last = remove ? this.#remove() : this.#say(this.#topics.availability, "offline");
      await atMost(FAREWELL_MS, last);
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

  #message(topic: string, payload: string, retained: boolean): void {
    if (topic === this.#topics.discovery) {
      this.#announced = componentsOf(payload);
      return;
    }
    if (topic === this.#topics.modeMinutes) {
      // What was set before this program started; later it is our own word coming back.
      this.#modeMinutes ??= modeMinutesOf(payload);
      return;
    }
    if (!this.#configuration.enabled || !this.#ready) return;
    if (topic === this.#topics.birth) {
      // It forgets states, and devices too where the broker keeps nothing.
      if (payload === "online") this.#announcement.request();
      return;
    }
    const control = controlOf(topic, this.#topics);
    // One that is kept would come again with each connection.
    if (control === undefined || retained || payload.length > MAX_COMMAND_LENGTH) return;
    this.#pace.say(control, () => this.#obey(control, payload));
  }

  #obey(control: ControlName, payload: string): void {
    if (control === "mode_minutes") {
      this.#modeMinutes = modeMinutesOf(payload) ?? this.#modeMinutes;
      void this.#sayMinutes();
      return;
    }
    this.#source.command(control, payload, this.#modeMinutes ?? 0);
    // A control that was moved in vain goes back.
    this.#publishedState = "";
    this.#state.request();
  }

  #isAnother(): boolean {
    return JSON.stringify(this.#source.device()) !== this.#announcedDevice;
  }

  async #announce(): Promise<void> {
    const { discovery, availability } = this.#topics;
    const device = this.#source.device();
    const message = discoveryMessage(device, this.#topics);
    const text = stringifyJson(message);
    const now = componentsOf(text);
    const gone = [...this.#announced].filter(([key]) => !now.has(key));
    const known = this.#announced.size > 0;
    if (gone.length > 0) await this.#say(discovery, stringifyJson(withRemoved(message, gone)));
    if (!await this.#say(discovery, text)) return;
    // It would refuse a value that is none of the options it has.
    if (known && this.#isAnother()) await pause(SETTLING_MS, this.#stopping.signal);
    this.#announcedDevice = JSON.stringify(device);
    await this.#say(availability, "online");
    await this.#sayMinutes();
    this.#publishedState = "";
    await this.#publishState();
  }

  async #publishState(): Promise<void> {
    // The announcement brings it along.
    if (!this.#ready || this.#isAnother()) return;
    const text = stringifyJson(this.#source.state());
    if (text === this.#publishedState) return;
    this.#publishedState = text;
    if (!await this.#say(this.#topics.state, text)) this.#publishedState = "";
  }

  async #sayMinutes(): Promise<void> {
    await this.#say(this.#topics.modeMinutes, String(this.#modeMinutes ??= 0));
  }

  /** Empty messages take what was retained away, and with it the device. */
  async #remove(): Promise<void> {
    const { discovery, state, modeMinutes, availability } = this.#topics;
    for (const topic of [discovery, state, modeMinutes, availability]) await this.#say(topic, "");
  }

  #say(topic: string, payload: string): Promise<boolean> {
    return this.#link.publish(topic, payload);
  }
}
