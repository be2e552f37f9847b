// The command `check`: every problem of a configuration, or what the configuration means.

import type { BackendConnection, Configuration } from "../config/configuration.ts";
import type { BackendConfiguration, CoreConfiguration } from "../core/configuration.ts";
import { wantedFacts } from "../core/fact.ts";
import type { CommandContext } from "./context.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit_code.ts";
import type { CheckFlags } from "./flags.ts";
import { readConfiguration } from "./read_configuration.ts";

/** Prints the problems on standard error (1), or a summary without secrets (0). */
export function check(flags: CheckFlags, context: CommandContext): Promise<number> {
  const configuration = readConfiguration(flags.config, context, { warnings: true });
  if (configuration === undefined) return Promise.resolve(EXIT_FAILED);
  context.out(`${summary(configuration).join("\n")}\n`);
  return Promise.resolve(EXIT_DONE);
}

/** What a configuration means, a line each. */
export function summary(configuration: Configuration): string[] {
  const { source, core, listen, charger, backends } = configuration;
  const enabled = backends.filter((backend) => backend.enabled);
  return [
    source === undefined
      ? "There is no configuration file: these are the defaults."
      : `${source} is valid.`,
    "",
    `Listens on ${listen.host}:${listen.port}${listen.tls ? " with TLS" : ""}; ` +
    `keeps its data in ${configuration.dataDir}; ` +
    `time zone ${configuration.core.timeZone}, currency ${configuration.core.currency}.`,
    `Charger: ${core.charger.id ?? "the first one that connects"}, ` +
    `${charger.password === undefined ? "without" : "with"} a password.`,
    enabled.length === 0 ? "Backends: none." : "Backends:",
    ...backends.map((backend, index) => `  ${backendLine(backend, core.backends[index])}`),
    ...(core.allowUnknownBackends ? ["Backends that are not listed may dial in too."] : []),
    `Sharing is ${core.allowSharedCharging ? "on" : "off"}` +
    `${core.preferredProvider === undefined ? "" : `; '${core.preferredProvider}' comes first`}` +
    `${listed("; only these get control", core.allowedProviders)}` +
    `${listed("; never", core.blockedProviders)}.`,
    ...ruleLines(core),
    `Tariffs: ${list(core.tariffs.map(({ name }) => name))}; ${householdPrice(core)}.`,
    `Id tags: ${core.idTags.length} in the table; unknown ones are ${core.unknownIdTags}ed.`,
  ];
}

function ruleLines(core: CoreConfiguration): string[] {
  const facts = [...wantedFacts(core)];
  return [
    core.rules.length === 0 ? "Rules: none." : "Rules, of which the first that matches decides:",
    ...core.rules.map(({ name, then, currentA }) =>
      `  ${then === "limit" ? `limit to ${currentA} A` : then}: ${name}`
    ),
    ...(facts.length === 0 ? [] : [`Facts that are looked at: ${facts.join(", ")}.`]),
  ];
}

function householdPrice({ household }: CoreConfiguration): string {
  if (household.tariff !== undefined) return `the household itself pays by '${household.tariff}'`;
  if (household.priceSensor === undefined) return "what the household itself pays is not known";
  return `the household itself pays what ${household.priceSensor} says`;
}

/** The different ones; several periods of a tariff are one. */
function list(names: readonly string[]): string {
  return [...new Set(names)].join(", ") || "none";
}

function listed(intro: string, ids: readonly string[]): string {
  return ids.length === 0 ? "" : `${intro}: ${ids.join(", ")}`;
}

function backendLine(backend: BackendConnection, core: BackendConfiguration | undefined): string {
  if (!backend.enabled) return `${backend.id}: disabled`;
  return `${backend.id}: ${core?.role}, ${
    backend.url === undefined ? dialIn() : dialOut(backend.url)
  }`;

  function dialIn(): string {
    const path = `/backend/${encodeURIComponent(backend.id)}`;
    const how = backend.authentication.type === "none" ? "without a token" : "with its token";
    return `dials in to ${path} ${how}`;
  }

  function dialOut(url: string): string {
    const { protocol, host } = new URL(url);
    const identity = backend.chargePointId === undefined ? "" : ` as ${backend.chargePointId}`;
    const how = { none: "", basic: " with a password", bearer: " with a token" };
    const tls = backend.tls.verify ? "" : ", whatever its certificate";
    return `is dialled at ${protocol}//${host}${identity}${how[backend.authentication.type]}${tls}`;
  }
}
