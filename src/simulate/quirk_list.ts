// Every quirk by name, and every brand as the quirks it was seen with.

import type { Quirk } from "./quirk.ts";
import { BOOT_QUIRKS } from "./quirks/boot.ts";
import { CONFIGURATION_QUIRKS } from "./quirks/configuration.ts";
import { FIELD_QUIRKS } from "./quirks/field.ts";
import { FRAME_QUIRKS } from "./quirks/frame.ts";
import { HANDSHAKE_QUIRKS } from "./quirks/handshake.ts";
import { LIMIT_QUIRKS } from "./quirks/limit.ts";
import { METER_QUIRKS } from "./quirks/meter.ts";
import { TIME_QUIRKS } from "./quirks/time.ts";
import { TRANSACTION_QUIRKS } from "./quirks/transaction.ts";

/** All quirks, by group. */
export const QUIRKS: readonly Quirk[] = [
  ...HANDSHAKE_QUIRKS,
  ...BOOT_QUIRKS,
  ...FRAME_QUIRKS,
  ...FIELD_QUIRKS,
  ...TIME_QUIRKS,
  ...METER_QUIRKS,
  ...CONFIGURATION_QUIRKS,
  ...TRANSACTION_QUIRKS,
  ...LIMIT_QUIRKS,
];

/** The brands, in alphabetical order. */
export const BRANDS: readonly string[] = [...new Set(QUIRKS.flatMap(({ brands }) => brands))]
  .sort();

/** Everything that `quirksNamed` knows. */
export const QUIRK_NAMES: readonly string[] = [...QUIRKS.map(({ name }) => name), ...BRANDS];

/** The quirks of this name or brand; empty: there is neither. */
export function quirksNamed(name: string): readonly Quirk[] {
  return QUIRKS.filter((quirk) => quirk.name === name || quirk.brands.includes(name));
}

/** A line for each quirk: its name, what it does, who does it, where that was seen. */
export function quirkLines(): string[] {
  const width = Math.max(...QUIRKS.map(({ name }) => name.length));
  return QUIRKS.map(({ name, does, brands, source }) => {
    const who = brands.length > 0 ? `${brands.join(", ")}: ` : "";
    return `${name.padEnd(width)}  ${does} (${who}${source})`;
  });
}
