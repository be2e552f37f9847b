// Home Assistant, if there is one: nothing of it is loaded before the configuration names it.

import type { HomeLinks } from "./home_links.ts";
import type { LinkHealth } from "./link_health.ts";
import type { Log } from "./log.ts";
import { atMost } from "./pause.ts";
import type { Proxy } from "./proxy.ts";
import { logDefect } from "./thrown.ts";

/** How long all good-byes together may take, ms: whoever hangs is left behind. */
const FAREWELL_MS = 3_000;

/** How the links to the house are doing; null: they are not configured. */
export interface HomeHealth {
  readonly homeAssistant: LinkHealth | null;
  readonly mqtt: LinkHealth | null;
}

/** The house around one proxy. */
export class Home {
  readonly #proxy: Proxy;
  readonly #log: Log;
  #links: HomeLinks | undefined;
  #closed = false;
  /** One change after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(proxy: Proxy, log: Log) {
    this.#proxy = proxy;
    this.#log = log;
    this.reconfigure();
  }

  /** Takes over what the proxy's configuration says now; nothing waits for it. */
  reconfigure(): void {
    this.#work = this.#work.then(() => this.#apply()).catch((error) => {
      logDefect(this.#log, error);
    });
  }

  health(): HomeHealth {
    return {
      homeAssistant: this.#links?.homeAssistantHealth() ?? null,
      mqtt: this.#links?.mqttHealth() ?? null,
    };
  }

  /** Says good-bye; resolves when nothing of it is left that answers. */
  async close(): Promise<void> {
    this.#closed = true;
    await atMost(FAREWELL_MS, this.#work.then(() => this.#links?.close()));
  }

  async #apply(): Promise<void> {
    if (this.#closed) return;
    const { configuration } = this.#proxy;
    const wanted = configuration.homeAssistant !== undefined || configuration.mqtt !== undefined;
    if (!wanted && this.#links === undefined) return;
    if (this.#links === undefined) {
      const { HomeLinks } = await import("./home_links.ts");
      this.#links = new HomeLinks(this.#proxy, this.#log);
    }
    await this.#links.apply(configuration);
  }
}
