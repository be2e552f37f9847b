// The program's log: sentences with values on standard error, as text or JSON lines.

import {
  configureSync,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
} from "@logtape/logtape";
import type { LogLevel } from "../core/effect.ts";
import { printable } from "./printable.ts";

/** Writes one line; `values` never contain secrets. */
export type Log = (
  level: LogLevel,
  message: string,
  values: Readonly<Record<string, string | number | boolean | null>>,
) => void;

/** The longest value that is written, characters: peers choose some of them. */
const MAX_VALUE_LENGTH = 300;

/** Starts logging from `level` upwards. */
export function startLog(level: LogLevel, format: "text" | "json"): Log {
  const encoder = new TextEncoder();
  const line = format === "json" ? getJsonLinesFormatter() : getTextFormatter({
    timestamp: "rfc3339",
    level: "full",
    category: () => "",
    format: ({ timestamp, level, message, record }) =>
      `${timestamp} ${level.toLowerCase().padEnd(7)} ${message}${pairs(record.properties)}`,
  });
  configureSync({
    reset: true,
    sinks: { stderr: (record: LogRecord) => write(encoder.encode(line(record))) },
    loggers: [
      { category: "ocpp-proxy", lowestLevel: level, sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["stderr"] },
    ],
  });
  const logger = getLogger("ocpp-proxy");
  return (level, message, values) => logger[level](message, clean(values));
}

function write(bytes: Uint8Array): void {
  try {
    for (let written = 0; written < bytes.length;) {
      written += Deno.stderr.writeSync(bytes.subarray(written));
    }
  } catch {
    // Nobody reads the log any more; the proxy goes on.
  }
}

function clean(values: Parameters<Log>[2]): Record<string, string | number | boolean | null> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, cleanValue(value)]),
  );
}

/** Nothing of a peer's text steers the terminal; the line ends of a stack stay. */
function cleanValue(value: string | number | boolean | null): string | number | boolean | null {
  if (typeof value !== "string") return value;
  return value.slice(0, MAX_VALUE_LENGTH).split("\n").map(printable).join("\n");
}

function pairs(properties: Record<string, unknown>): string {
  return Object.entries(properties)
    .map(([key, value]) =>
      ` ${key}=${/^[\w.:/-]+$/.test(String(value)) ? value : JSON.stringify(value)}`
    )
    .join("");
}
