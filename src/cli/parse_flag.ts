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
