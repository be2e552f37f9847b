// Who may charge, as the charger knows it: local list, cache, and the central system when there is one.

import type { IdTagInfo, SendLocalListRequest } from "../ocpp/types.ts";
import { parseTime } from "../ocpp/time.ts";
import { type ChargerSettings, MAX_LOCAL_LIST } from "./charger_settings.ts";

/** Entries the cache keeps; the oldest goes first. */
export const MAX_CACHED_TAGS = 500;

export interface AuthorisationOptions {
  readonly settings: ChargerSettings;
  /** Simulated epoch milliseconds. */
  readonly now: () => number;
  /** Asks the central system; undefined: it is away, or did not answer. */
  readonly ask: (idTag: string) => Promise<IdTagInfo | undefined>;
}

/** Decides about id tags (OCPP 1.6, section 3.5). Tags are compared without regard to case. */
export class Authorisation {
  readonly #options: AuthorisationOptions;
  readonly #list = new Map<string, IdTagInfo>();
  readonly #cache = new Map<string, IdTagInfo>();
  #listVersion = 0;

  constructor(options: AuthorisationOptions) {
    this.#options = options;
  }

  get listVersion(): number {
    return this.#options.settings.flag("LocalAuthListEnabled") ? this.#listVersion : -1;
  }

  /** Whether a presented tag may charge, now. */
  async check(idTag: string): Promise<IdTagInfo> {
    const { settings } = this.#options;
    const known = this.#known(idTag);
    if (known?.status === "Accepted" && settings.flag("LocalPreAuthorize")) return known;
    const answer = await this.#options.ask(idTag);
    if (answer) {
      this.remember(idTag, answer);
      return answer;
    }
    if (known && settings.flag("LocalAuthorizeOffline")) return known;
    return { status: settings.flag("AllowOfflineTxForUnknownId") ? "Accepted" : "Invalid" };
  }

  /** Keeps the central system's verdict; tags of the local list stay out of the cache. */
  remember(idTag: string, verdict: IdTagInfo): void {
    const key = idTag.toLowerCase();
    if (!this.#options.settings.flag("AuthorizationCacheEnabled") || this.#list.has(key)) return;
    this.#cache.delete(key);
    this.#cache.set(key, verdict);
    const oldest = this.#cache.keys().next().value;
    if (this.#cache.size > MAX_CACHED_TAGS && oldest !== undefined) this.#cache.delete(oldest);
  }

  /** False when there is no cache to clear. */
  clearCache(): boolean {
    this.#cache.clear();
    return this.#options.settings.flag("AuthorizationCacheEnabled");
  }

  /** Applies SendLocalList (OCPP 1.6, section 5.15). */
  update(
    request: SendLocalListRequest,
  ): "Accepted" | "Failed" | "NotSupported" | "VersionMismatch" {
    if (!this.#options.settings.flag("LocalAuthListEnabled")) return "NotSupported";
    const entries = request.localAuthorizationList ?? [];
    const keys = new Set(entries.map((entry) => entry.idTag.toLowerCase()));
    const full = request.updateType === "Full";
    const incomplete = full && entries.some((entry) => entry.idTagInfo === undefined);
    if (keys.size < entries.length || entries.length > MAX_LOCAL_LIST || incomplete) {
      return "Failed";
    }
    if (!full && request.listVersion <= this.#listVersion) return "VersionMismatch";
    const added = entries.filter(({ idTag, idTagInfo }) =>
      idTagInfo && !this.#list.has(idTag.toLowerCase())
    );
    if (!full && this.#list.size + added.length > MAX_LOCAL_LIST) return "Failed";
    if (full) this.#list.clear();
    for (const { idTag, idTagInfo } of entries) {
      const key = idTag.toLowerCase();
      if (idTagInfo) this.#list.set(key, idTagInfo);
      else this.#list.delete(key);
      this.#cache.delete(key);
    }
    this.#listVersion = request.listVersion;
    return "Accepted";
  }

  #known(idTag: string): IdTagInfo | undefined {
    const key = idTag.toLowerCase();
    const listed = this.#options.settings.flag("LocalAuthListEnabled")
      ? this.#list.get(key)
      : undefined;
    const known = listed ?? this.#cache.get(key);
    const expiry = known?.expiryDate === undefined ? undefined : parseTime(known.expiryDate);
    if (known && expiry !== undefined && expiry <= this.#options.now()) {
      return { ...known, status: "Expired" };
    }
    return known;
  }
}
