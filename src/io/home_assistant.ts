// Home Assistant as the proxy uses it: facts from it, notifications and states to it.

import type { HomeAssistantConfiguration } from "../config/configuration.ts";
import type { CoreConfiguration } from "../core/configuration.ts";
import type { StatusReport } from "../core/status_report.ts";
import type { JsonObject } from "../ocpp/json.ts";
import { HomeAssistantBus } from "./home_assistant_bus.ts";
import { HomeAssistantFacts } from "./home_assistant_facts.ts";
import { HomeAssistantLink, LINK_TIMES, reasonOf } from "./home_assistant_link.ts";
import { HomeAssistantRest } from "./home_assistant_rest.ts";
import type { HomeEvent } from "./home_event.ts";
import type { LinkHealth } from "./link_health.ts";
import type { Log } from "./log.ts";
import { NotificationDesk } from "./notification_desk.ts";
import { Notifier } from "./notifier.ts";
import { obeyEvent } from "./owner_event.ts";
import type { Proxy } from "./proxy.ts";

/** What Home Assistant needs of the rest of the house. */
export interface HomeSource {
  state(): JsonObject;
  /** Whether nothing better than the REST interface takes states. */
  wantsRest(): boolean;
}

/** One Home Assistant; it may be away as long as it likes. */
export class HomeAssistant {
  readonly #proxy: Proxy;
  readonly #source: HomeSource;
  readonly #log: Log;
  readonly #facts: HomeAssistantFacts;
  readonly #desk: NotificationDesk;
  readonly #notifier: Notifier;
  readonly #bus: HomeAssistantBus;
  readonly #rest: HomeAssistantRest;
  readonly #link: HomeAssistantLink;
  #restTold = false;

  constructor(
    configuration: HomeAssistantConfiguration,
    proxy: Proxy,
    source: HomeSource,
    log: Log,
    times = LINK_TIMES,
  ) {
    this.#proxy = proxy;
    this.#source = source;
    this.#log = log;
    this.#facts = new HomeAssistantFacts(
      proxy.configuration.core,
      (name, value, attributes) => proxy.learnFact(name, value, attributes),
    );
    this.#desk = new NotificationDesk(configuration.notifications);
    this.#notifier = new Notifier(
      proxy.instance,
      configuration.notify,
      (id, allow) => this.#answered(id, allow),
      log,
      () => proxy.now(),
    );
    this.#bus = new HomeAssistantBus(
      (data) => obeyEvent(data, proxy),
      () => ({ charger: proxy.chargePointId ?? null }),
      log,
    );
    this.#rest = new HomeAssistantRest(configuration, () => source.state(), log);
    this.#link = new HomeAssistantLink(
      configuration,
      {
        opened: async (connection) => {
          await this.#facts.follow(connection);
          await this.#notifier.opened(connection);
          await this.#bus.opened(connection);
          this.#rest.opened();
          this.update();
        },
        spacingMs: () => this.#facts.spacingMs(),
        alive: () => this.#facts.repeat(Date.now()),
        closed: () => {
          this.#facts.lost();
          this.#notifier.closed();
          this.#bus.closed();
          this.#rest.closed();
        },
      },
      log,
      times,
    );
  }

  health(): LinkHealth {
    return this.#link.health();
  }

  /** Whom it tells what, and what it follows, is another now; the address is the same. */
  reconfigure(
    { notify, notifications }: HomeAssistantConfiguration,
    core: CoreConfiguration,
  ): void {
    this.#desk.reconfigure(notifications);
    this.#notifier.reconfigure(notify);
    this.#facts.reconfigure(core).catch((error) => {
      this.#log("warning", "Home Assistant does not take the entities of the configuration", {
        reason: reasonOf(error),
      });
    });
  }

  /** An event of the feed, and what it means for automations. */
  happened(event: JsonObject, told: HomeEvent | undefined): void {
    if (told !== undefined) this.#bus.fire(told);
    const session = this.#proxy.report().sessions[0]?.transaction_id;
    const id = typeof session === "number" ? session : undefined;
    for (const notification of this.#desk.happened(event, id, this.#proxy.now())) {
      this.#notifier.send(notification);
    }
  }

  /** The state as it is now. */
  look(report: StatusReport): void {
    for (const notification of this.#desk.look(report, this.#proxy.now())) {
      this.#notifier.send(notification);
    }
    this.update();
  }

  /** States may have changed. */
  update(): void {
    const wanted = this.#source.wantsRest();
    if (wanted && !this.#restTold) {
      this.#restTold = true;
      this.#log("info", "without an MQTT broker Home Assistant gets read-only states", {});
    }
    this.#rest.update(wanted);
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    await this.#rest.close();
    await this.#link.close();
  }

  #answered(id: number, allow: boolean): void {
    if (this.#proxy.questionState(id) !== "open") return;
    this.#proxy.answerQuestion(id, allow);
  }
}
