// Every key of the configuration with its default, written as in the file.

import * as v from "valibot";
import { PERMISSIONS } from "../core/configuration.ts";
import { NOTIFICATION_KINDS } from "./configuration.ts";
import {
  backendId,
  brokerUrl,
  chargePointId,
  choice,
  currency,
  date,
  decimal,
  factName,
  filePath,
  flag,
  homeUrl,
  hours,
  list,
  mapping,
  notifyService,
  price,
  secret,
  section,
  text,
  timeZone,
  topic,
  webSocketUrl,
  weekday,
  wholeNumber,
} from "./field.ts";
import { LEGACY_ENTRIES } from "./legacy.ts";

const SUBPROTOCOL = choice(["accept", "close", "reject"]);

const backend = mapping({
  id: backendId(),
  enabled: v.optional(flag(), "true"),
  url: v.optional(webSocketUrl()),
  append_charge_point_id: v.optional(flag(), "true"),
  charge_point_id: v.optional(chargePointId()),
  auth_type: v.optional(choice(["none", "basic", "bearer"])),
  username: v.optional(text()),
  password: v.optional(secret()),
  token: v.optional(secret()),
  ca_file: v.optional(text(4096)),
  client_cert_file: v.optional(text(4096)),
  client_key_file: v.optional(text(4096)),
  tls_verify: v.optional(flag(), "true"),
  role: v.optional(choice(["observer", "biller", "controller", "admin"]), "observer"),
  permissions: v.optional(list(choice(PERMISSIONS))),
  sees: v.optional(choice(["all", "own"]), "all"),
  priority: v.optional(wholeNumber(-1000, 1000), "0"),
  durable: v.optional(flag(), "false"),
  message_attempts: v.optional(wholeNumber(1, 100), "3"),
  message_retry_interval_s: v.optional(wholeNumber(1, 86_400), "60"),
  boot_on_reconnect: v.optional(flag(), "true"),
  late_rejection: v.optional(choice(["keep", "stop"]), "keep"),
  min_hold_s: v.optional(wholeNumber(0, 86_400), "300"),
  tariff: v.optional(text(48)),
});

const idTag = mapping({
  tag: text(20),
  name: v.optional(text()),
  owner: v.optional(flag(), "false"),
  backend: v.optional(text()),
  action: v.optional(choice(["allow", "deny"]), "allow"),
  send_as: v.optional(list(mapping({ backend: text(), tag: text(20) })), []),
});

const rule = mapping({
  name: text(80),
  when: v.optional(text(1000)),
  backends: v.optional(list(text())),
  hours: v.optional(hours()),
  weekdays: v.optional(list(weekday())),
  presence_sensor: v.optional(factName()),
  max_energy_kwh_per_day: v.optional(decimal(0, 10_000)),
  max_sessions_per_day: v.optional(wholeNumber(0, 1_000)),
  then: choice(["allow", "deny", "ask", "limit"]),
  current_a: v.optional(decimal(0, 80)),
  ask_timeout_s: v.optional(wholeNumber(5, 86_400), "120"),
  default: v.optional(choice(["allow", "deny"]), "deny"),
  on_unknown: v.optional(choice(["deny", "ask", "limit"]), "deny"),
});

const fact = mapping({
  name: factName(),
  value: v.optional(text()),
  max_age_s: v.optional(wholeNumber(1, 31_536_000)),
});

const PRICES = {
  energy_per_kwh: v.optional(price()),
  per_minute: v.optional(price()),
  per_session: v.optional(price()),
  idle_per_minute: v.optional(price()),
};

const tariff = mapping({
  name: text(48),
  valid_from: v.optional(date()),
  valid_until: v.optional(date()),
  currency: v.optional(currency()),
  vat: v.optional(text(80)),
  ...PRICES,
  idle_after_min: v.optional(wholeNumber(0, 1_440), "0"),
  times: v.optional(
    list(mapping({
      hours: v.optional(hours()),
      weekdays: v.optional(list(weekday())),
      ...PRICES,
    })),
    [],
  ),
});

/** The whole file. Scalars come in as the text that was written. */
export const SCHEMA = mapping({
  listen: section({
    host: v.optional(text(), "0.0.0.0"),
    port: v.optional(wholeNumber(0, 65_535), "9000"),
    tls: v.optional(mapping({ cert_file: text(4096), key_file: text(4096) })),
  }),
  data_dir: v.optional(text(4096), "./data"),
  time_zone: v.optional(timeZone()),
  currency: v.optional(currency(), "EUR"),
  charger: section({
    id: v.optional(chargePointId()),
    time_zone: v.optional(timeZone()),
    password: v.optional(secret()),
    subprotocol: v.optional(
      v.union(
        [SUBPROTOCOL, mapping({ none: SUBPROTOCOL, other: SUBPROTOCOL })],
        "accept, close or reject, or { none: …, other: … } with one of them each",
      ),
      { none: "accept", other: "reject" },
    ),
    heartbeat_interval_s: v.optional(wholeNumber(10, 86_400), "300"),
    answer_deadline_ms: v.optional(wholeNumber(100, 4_500), "2500"),
    call_timeout_s: v.optional(wholeNumber(1, 300), "30"),
    lost_stop_after_s: v.optional(wholeNumber(1, 86_400), "60"),
    max_current_a: v.optional(decimal(6, 80)),
    fallback_current_a: v.optional(decimal(6, 80), "6"),
    limit_spacing_s: v.optional(wholeNumber(0, 600), "10"),
    phases: v.optional(wholeNumber(1, 3), "3"),
    voltage_v: v.optional(wholeNumber(100, 300), "230"),
  }),
  backends: v.optional(list(backend), []),
  allow_unknown_backends: v.optional(flag(), "false"),
  allow_shared_charging: v.optional(flag()),
  preferred_provider: v.optional(v.string("the id of a backend")),
  allowed_providers: v.optional(list(v.string("the id of a backend")), []),
  blocked_providers: v.optional(list(v.string("the id of a backend")), []),
  rate_limit_seconds: v.optional(decimal(0, 86_400), "10"),
  control_timeout_s: v.optional(wholeNumber(1, 86_400), "60"),
  reconnect_grace_s: v.optional(wholeNumber(0, 86_400), "120"),
  rules: v.optional(list(rule), []),
  facts: v.optional(list(fact), []),
  fact_max_age_s: v.optional(wholeNumber(1, 31_536_000), "900"),
  tariffs: v.optional(list(tariff), []),
  household: section({
    tariff: v.optional(text(48)),
    price_sensor: v.optional(factName()),
  }),
  id_tags: v.optional(list(idTag), []),
  unknown_id_tags: v.optional(choice(["accept", "reject"]), "accept"),
  data_transfer: v.optional(list(mapping({ vendor_id: text(255), backend: text() })), []),
  start_spacing_ms: v.optional(wholeNumber(0, 60_000), "1100"),
  api: section({
    tokens: v.optional(
      list(mapping({
        name: text(),
        token: secret(),
        scopes: v.optional(list(choice(["read", "control"])), ["read"]),
      })),
      [],
    ),
  }),
  retention: section({
    log_days: v.optional(wholeNumber(1, 3_650), "30"),
    log_rows: v.optional(wholeNumber(1_000, 100_000_000), "1000000"),
    decisions: v.optional(wholeNumber(100, 10_000_000), "10000"),
  }),
  recording: v.optional(mapping({
    file: filePath(),
    max_mb: v.optional(wholeNumber(1, 10_000), "100"),
    keep: v.optional(wholeNumber(1, 1_000), "5"),
  })),
  home_assistant: v.optional(mapping({
    enabled: v.optional(flag(), "true"),
    url: v.optional(homeUrl()),
    token: v.optional(secret()),
    notify: v.optional(list(notifyService()), []),
    notifications: v.optional(list(choice(NOTIFICATION_KINDS)), [...NOTIFICATION_KINDS]),
  })),
  mqtt: v.optional(mapping({
    enabled: v.optional(flag(), "true"),
    url: v.optional(brokerUrl()),
    username: v.optional(text()),
    password: v.optional(secret()),
    ca_file: v.optional(text(4096)),
    topic: v.optional(topic(), "ocpp-proxy"),
    discovery_prefix: v.optional(topic(), "homeassistant"),
    name: v.optional(text(80), "Charger"),
  })),
  log: section({
    level: v.optional(choice(["debug", "info", "warning", "error"]), "info"),
    format: v.optional(choice(["text", "json"]), "text"),
  }),
  ...LEGACY_ENTRIES,
});

/** What a file says, with defaults, numbers as numbers. */
export type Settings = v.InferOutput<typeof SCHEMA>;
export type BackendSettings = Settings["backends"][number];
