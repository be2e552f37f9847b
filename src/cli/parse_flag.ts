// Parsers for flag values; what they throw is shown to the person who typed the flag.

/** A whole number from `minimum` to `maximum`. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < minimum || value > maximum) {
      throw new RangeError(`expected a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  };
}

/** A number above 0, up to `maximum`. */
export function positiveNumber(maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > maximum) {
      throw new RangeError(`expected a number above 0, up to ${maximum}`);
    }
    return value;
  };
}

/** `90s`, `30m`, `2h`, `1d`, `1h30m` as seconds, up to a year. */
export function durationS(text: string): number {
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] =
    /^(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/.exec(text) ?? [];
  const total = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  if (total < 1 || total > 366 * 86_400) {
    throw new RangeError("expected a duration such as 90s, 30m, 2h, 1d or 1h30m, up to a year");
  }
  return total;
}

/** A URL of one of these schemes (with colon), without trailing slashes. */
export function urlOf(...schemes: readonly string[]): (text: string) => string {
  return (text) => {
    if (!URL.canParse(text) || !schemes.includes(new URL(text).protocol)) {
      throw new TypeError(`expected a URL that begins with ${schemes.join("// or ")}//`);
    }
    return text.replace(/\/+$/, "");
  };
}

/** Any text but the empty one. */
export function words(text: string): string {
  if (text === "") throw new TypeError("expected a value, found nothing");
  return text;
}
