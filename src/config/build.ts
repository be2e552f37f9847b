// From the settings of a file to the configuration that the program works with.

import {
  type BackendConfiguration,
  backendOf,
  type CoreConfiguration,
  type Permission,
  ROLES,
  type RuleConfiguration,
  type TariffConfiguration,
} from "../core/configuration.ts";
import type { BackendConnection, Configuration } from "./configuration.ts";
import type { HomeParts } from "./home.ts";
import type { LegacyService } from "./legacy.ts";
import type { BackendSettings, Settings } from "./schema.ts";

/** A setting that was left out is a key that is not there. */
type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function given<T extends object>(values: T): Given<T> {
  const result: Given<T> = {};
  for (const key of Object.keys(values) as (keyof T)[]) {
    const value = values[key];
    if (value !== undefined) result[key] = value as Exclude<T[typeof key], undefined>;
  }
  return result;
}

/** The configuration that checked settings mean; `source` is the file they were read from. */
export function buildConfiguration(
  settings: Settings,
  source: string | undefined,
  sharedByDefault: boolean,
  home: HomeParts,
): Configuration {
  const { listen, charger, api, retention } = settings;
  const subprotocol = typeof charger.subprotocol === "string"
    ? { none: charger.subprotocol, other: charger.subprotocol }
    : charger.subprotocol;
  return {
    source,
    core: coreConfiguration(settings, sharedByDefault),
    listen: {
      host: listen.host,
      port: listen.port,
      ...(listen.tls &&
        { tls: { certFile: listen.tls.cert_file, keyFile: listen.tls.key_file } }),
    },
    dataDir: settings.data_dir,
    charger: {
      ...given({ password: charger.password }),
      subprotocol,
    },
    backends: [
      ...settings.backends.map(connection),
      ...settings.ocpp_services.map(legacyConnection),
    ],
    api: {
      tokens: api.tokens.map(({ name, token, scopes }) => ({
        name,
        token,
        scopes: new Set(scopes),
      })),
    },
    retention: {
      logDays: retention.log_days,
      logRows: retention.log_rows,
      decisions: retention.decisions,
    },
    ...settings.recording && {
      recording: {
        file: settings.recording.file,
        maxMb: settings.recording.max_mb,
        keep: settings.recording.keep,
      },
    },
    ...home,
    log: settings.log,
  };
}

function coreConfiguration(settings: Settings, sharedByDefault: boolean): CoreConfiguration {
  const { charger } = settings;
  return {
    charger: {
      ...given({ id: charger.id, timeZone: charger.time_zone }),
      heartbeatIntervalS: charger.heartbeat_interval_s,
      answerDeadlineMs: charger.answer_deadline_ms,
      callTimeoutMs: charger.call_timeout_s * 1000,
      lostStopAfterMs: charger.lost_stop_after_s * 1000,
      ...given({ maxCurrentA: charger.max_current_a }),
      fallbackCurrentA: charger.fallback_current_a,
      limitSpacingMs: charger.limit_spacing_s * 1000,
      phases: charger.phases,
      voltageV: charger.voltage_v,
    },
    timeZone: settings.time_zone ?? Temporal.Now.timeZoneId(),
    currency: settings.currency,
    backends: [
      ...settings.backends.map(backendConfiguration),
      ...settings.ocpp_services.map(legacyBackend),
    ],
    allowUnknownBackends: settings.allow_unknown_backends,
    allowSharedCharging: settings.allow_shared_charging ?? sharedByDefault,
    ...given({ preferredProvider: settings.preferred_provider }),
    allowedProviders: settings.allowed_providers.filter(isNamed),
    blockedProviders: [...settings.blocked_providers, ...settings.disallowed_providers]
      .filter(isNamed),
    ...given({
      presenceSensor: settings.presence_sensor,
      overrideInputBoolean: settings.override_input_boolean,
    }),
    rules: settings.rules.map(ruleConfiguration),
    facts: settings.facts.map(({ name, value, max_age_s }) => ({
      name,
      ...given({ value }),
      maxAgeMs: (max_age_s ?? settings.fact_max_age_s) * 1000,
    })),
    factMaxAgeMs: settings.fact_max_age_s * 1000,
    tariffs: settings.tariffs.map((tariff) => tariffConfiguration(tariff, settings.currency)),
    household: given({
      tariff: settings.household.tariff,
      priceSensor: settings.household.price_sensor,
    }),
    rateLimitMs: Math.round(settings.rate_limit_seconds * 1000),
    controlTimeoutMs: settings.control_timeout_s * 1000,
    reconnectGraceMs: settings.reconnect_grace_s * 1000,
    idTags: settings.id_tags.map(({ tag, owner, action, name, backend, send_as }) => ({
      tag,
      owner,
      action,
      ...send_as.length > 0 && {
        sendAs: new Map(send_as.map((item) => [item.backend, item.tag])),
      },
      ...given({ name, backend }),
    })),
    unknownIdTags: settings.unknown_id_tags,
    dataTransfer: new Map(
      settings.data_transfer.map(({ vendor_id, backend }) => [vendor_id, backend]),
    ),
    startSpacingMs: settings.start_spacing_ms,
  };
}

function ruleConfiguration(settings: Settings["rules"][number]): RuleConfiguration {
  return {
    name: settings.name,
    ...given({
      when: settings.when,
      backends: settings.backends,
      hours: settings.hours,
      weekdays: settings.weekdays && new Set(settings.weekdays),
      presenceSensor: settings.presence_sensor,
      maxEnergyKwhPerDay: settings.max_energy_kwh_per_day,
      maxSessionsPerDay: settings.max_sessions_per_day,
      currentA: settings.current_a,
    }),
    then: settings.then,
    askTimeoutMs: settings.ask_timeout_s * 1000,
    default: settings.default,
    onUnknown: settings.on_unknown,
  };
}

function tariffConfiguration(
  settings: Settings["tariffs"][number],
  currency: string,
): TariffConfiguration {
  return {
    name: settings.name,
    ...given({
      validFrom: settings.valid_from,
      validUntil: settings.valid_until,
      vat: settings.vat,
    }),
    currency: settings.currency ?? currency,
    prices: {
      energyMicrosPerKwh: settings.energy_per_kwh ?? 0,
      timeMicrosPerMinute: settings.per_minute ?? 0,
      sessionMicros: settings.per_session ?? 0,
      idleMicrosPerMinute: settings.idle_per_minute ?? 0,
    },
    times: settings.times.map((time) => ({
      ...given({ hours: time.hours, weekdays: time.weekdays && new Set(time.weekdays) }),
      prices: given({
        energyMicrosPerKwh: time.energy_per_kwh,
        timeMicrosPerMinute: time.per_minute,
        sessionMicros: time.per_session,
        idleMicrosPerMinute: time.idle_per_minute,
      }),
    })),
    idleAfterMs: settings.idle_after_min * 60_000,
  };
}

function isNamed(id: string): boolean {
  return id !== "";
}

function backendConfiguration(settings: BackendSettings): BackendConfiguration {
  const permissions: readonly Permission[] = settings.permissions ?? ROLES[settings.role];
  return {
    id: settings.id,
    enabled: settings.enabled,
    role: settings.role,
    permissions: new Set(permissions),
    sees: settings.sees,
    priority: settings.priority,
    minHoldMs: settings.min_hold_s * 1000,
    durable: settings.durable,
    ...given({
      url: settings.url,
      chargePointId: settings.charge_point_id,
      tariff: settings.tariff,
    }),
    bootOnReconnect: settings.boot_on_reconnect,
    messageAttempts: settings.message_attempts,
    messageRetryIntervalMs: settings.message_retry_interval_s * 1000,
    lateRejection: settings.late_rejection,
  };
}

function connection(settings: BackendSettings): BackendConnection {
  return {
    id: settings.id,
    enabled: settings.enabled,
    ...given({ url: settings.url, chargePointId: settings.charge_point_id }),
    appendChargePointId: settings.append_charge_point_id,
    authentication: authentication(settings.auth_type, settings),
    tls: {
      verify: settings.tls_verify,
      ...given({
        caFile: settings.ca_file,
        certFile: settings.client_cert_file,
        keyFile: settings.client_key_file,
      }),
    },
  };
}

function authentication(
  type: "none" | "basic" | "bearer" | undefined,
  { username, password, token }: {
    username?: string | undefined;
    password?: string | undefined;
    token?: string | undefined;
  },
): BackendConnection["authentication"] {
  if (password !== undefined && (type ?? "basic") === "basic") {
    return { type: "basic", ...given({ username }), password };
  }
  if (token !== undefined && (type ?? "bearer") === "bearer") return { type: "bearer", token };
  return { type: "none" };
}

/** Services of the first ocpp-proxy could start and stop, and see everything. */
function legacyBackend(service: LegacyService): BackendConfiguration {
  const { id, enabled, url } = service;
  return backendOf(id, "controller", { enabled, url: withoutUserInfo(url) });
}

function legacyConnection(service: LegacyService): BackendConnection {
  const { username, password } = new URL(service.url);
  const inUrl = username !== "" && service.auth_type === "none";
  return {
    id: service.id,
    enabled: service.enabled,
    url: withoutUserInfo(service.url),
    appendChargePointId: false,
    authentication: inUrl
      ? authentication("basic", {
        username: decodeURIComponent(username),
        password: decodeURIComponent(password),
      })
      : authentication(service.auth_type === "token" ? "bearer" : service.auth_type, service),
    tls: { verify: true },
  };
}

/** The first one took user names and passwords in a URL; they go into the header. */
function withoutUserInfo(url: string): string {
  return url.replace(/^(wss?:\/\/)[^/?#]*@/i, "$1");
}
