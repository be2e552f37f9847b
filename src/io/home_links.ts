// The links to the house while there are any: which are open, and what they are told.

import type { Configuration } from "../config/configuration.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { HomeAssistant } from "./home_assistant.ts";
import { homeEvent } from "./home_event.ts";
import { HomeView } from "./home_view.ts";
import type { LinkHealth } from "./link_health.ts";
import type { Log } from "./log.ts";
import { ownerCommand } from "./mqtt_command.ts";
import type { MqttDevice } from "./mqtt_device.ts";
import type { OwnerControl } from "./mqtt_topics.ts";
import type { Proxy } from "./proxy.ts";
import { supervisorBroker } from "./supervisor_broker.ts";
import { Throttle } from "./throttle.ts";

/** The state is looked at this often, whatever happens, ms. */
const LOOK_MS = 2_000;

/** However much happens, it is looked at no more often than this, ms. */
const LOOK_SPACING_MS = 250;

/** Home Assistant and the broker of one proxy. */
export class HomeLinks {
  readonly #proxy: Proxy;
  readonly #log: Log;
  readonly #view: HomeView;
  readonly #look: Throttle;
  readonly #interval: ReturnType<typeof setInterval>;
  readonly #stopFollowing: () => void;
  #homeAssistant: { readonly key: string; readonly link: HomeAssistant } | undefined;
  #device: { readonly key: string; readonly link: MqttDevice } | undefined;

  constructor(proxy: Proxy, log: Log) {
    this.#proxy = proxy;
    this.#log = log;
    this.#view = new HomeView(proxy, log);
    this.#look = new Throttle(LOOK_SPACING_MS, () => this.#lookNow());
    this.#interval = setInterval(() => this.#look.request(), LOOK_MS);
    const { stop } = proxy.feed.follow(({ data }) => this.#happened(JSON.parse(data)));
    this.#stopFollowing = stop;
  }

  /** Opens what this configuration has, and closes what it has no more. */
  async apply(configuration: Configuration): Promise<void> {
    await this.#applyDevice(configuration);
    await this.#applyHomeAssistant(configuration);
    this.#look.request();
  }

  homeAssistantHealth(): LinkHealth | undefined {
    return this.#homeAssistant?.link.health();
  }

  mqttHealth(): LinkHealth | undefined {
    return this.#device?.link.health();
  }

  /** Resolves when nothing of them is left. */
  async close(): Promise<void> {
    clearInterval(this.#interval);
    this.#look.stop();
    this.#stopFollowing();
    await Promise.all([this.#homeAssistant?.link.close(), this.#device?.link.close()]);
  }

  async #applyHomeAssistant({ homeAssistant, core }: Configuration): Promise<void> {
    const key = homeAssistant && JSON.stringify([homeAssistant.url, homeAssistant.token]);
    if (key !== undefined && key === this.#homeAssistant?.key) {
      this.#homeAssistant.link.reconfigure(homeAssistant!, core);
      return;
    }
    const old = this.#homeAssistant;
    this.#homeAssistant = undefined;
    await old?.link.close();
    if (homeAssistant === undefined || key === undefined) return;
    const source = { state: () => this.#view.state(), wantsRest: () => this.#wantsRest() };
    const link = new HomeAssistant(homeAssistant, this.#proxy, source, this.#log);
    this.#homeAssistant = { key, link };
  }

  async #applyDevice({ mqtt, supervisor }: Configuration): Promise<void> {
    const key = mqtt && JSON.stringify([mqtt, supervisor]);
    if (key === this.#device?.key) return;
    const old = this.#device;
    this.#device = undefined;
    // A new one at the same place takes over; otherwise the device would stay behind for ever.
    await old?.link.close(mqtt === undefined || isElsewhere(old.key, mqtt));
    if (mqtt === undefined || key === undefined) return;
    const { MqttDevice } = await import("./mqtt_device.ts");
    const broker = (signal: AbortSignal) =>
      mqtt.broker === undefined && supervisor !== undefined
        ? supervisorBroker(supervisor, signal)
        : Promise.resolve(mqtt.broker);
    const source = {
      device: () => this.#view.device(),
      state: () => this.#view.state(),
      command: (control: OwnerControl, payload: string, modeMinutes: number) =>
        this.#command(control, payload, modeMinutes),
    };
    this.#device = { key, link: new MqttDevice(mqtt, source, broker, this.#log) };
  }

  #wantsRest(): boolean {
    const { mqtt } = this.#proxy.configuration;
    return mqtt === undefined || (this.#device?.link.withoutBroker ?? false);
  }

  #happened(event: JsonObject): void {
    this.#view.happened(event);
    const told = homeEvent(event);
    this.#homeAssistant?.link.happened(event, told);
    if (told !== undefined) this.#device?.link.tell(told);
    this.#look.request();
  }

  #lookNow(): void {
    this.#homeAssistant?.link.look(this.#proxy.report());
    this.#device?.link.update();
  }

  #command(control: OwnerControl, payload: string, modeMinutes: number): void {
    const command = ownerCommand(control, payload, {
      backendIds: this.#view.backendIds(),
      mode: String(this.#proxy.report().mode.mode),
      modeMinutes,
      highestCurrentA: this.#view.highestCurrentA(),
    });
    switch (command?.type) {
      case "mode": {
        const until = command.forMs === undefined ? undefined : this.#proxy.now() + command.forMs;
        return this.#proxy.setMode(command.mode, until);
      }
      case "limit":
        return this.#proxy.setLimit(command.currentA);
      case undefined:
        return;
      default:
        command satisfies never;
    }
  }
}

/** Whether the topics, or the broker, have changed. */
function isElsewhere(oldKey: string, mqtt: NonNullable<Configuration["mqtt"]>): boolean {
  const [old] = JSON.parse(oldKey) as [NonNullable<Configuration["mqtt"]>];
  return old.topic !== mqtt.topic || old.discoveryPrefix !== mqtt.discoveryPrefix ||
    old.broker?.url !== mqtt.broker?.url;
}
