// Walks over the strings of a JSON text, also of a broken one, and puts others in their place.

/** A value in a JSON text: a string without its quotes, or an integer. */
export interface TextValue {
  /** The name of the property that it is; undefined: it is an item of a list. */
  readonly key: string | undefined;
  readonly value: string;
  readonly type: "text" | "number";
  /** The object that it is a property of, by a number. */
  readonly object: number;
}

/** A string, which may not end, or an integer; also where line ends and NUL are in it. */
const TOKEN = /"((?:[^"\\]|\\[^])*\\?)("|$)|(-?\d+)(?![\d.eE])|[{}[\],:]/g;

/**
 * The text with each value replaced by what `replace` says of it; undefined leaves it as it is.
 *
 * Everything else stays, character by character: spaces, order, what is missing.
 */
export function replaceValues(
  text: string,
  replace: (value: TextValue) => string | undefined,
): string {
  /** The string before, and whether a colon came after it. */
  let last: string | undefined;
  let key: string | undefined;
  const open: number[] = [];
  let objects = 0;
  return text.replace(TOKEN, (token, inside?: string, end?: string, digits?: string) => {
    if (inside === undefined && digits === undefined) {
      key = token === ":" ? last : undefined;
      if (token === "{") open.push(++objects);
      else if (token === "}") open.pop();
      last = undefined;
      return token;
    }
    const ownKey = key;
    key = undefined;
    const object = open.at(-1) ?? 0;
    if (digits !== undefined) {
      return replace({ key: ownKey, value: digits, type: "number", object }) ?? token;
    }
    const value = plain(inside ?? "");
    last = value;
    const replaced = replace({ key: ownKey, value, type: "text", object });
    return replaced === undefined || replaced === value
      ? token
      : `${JSON.stringify(replaced).slice(0, -1)}${end}`;
  });
}

/** A string of JSON without its escapes; what cannot be read stays as it was written. */
function plain(inside: string): string {
  if (!inside.includes("\\")) return inside;
  try {
    return JSON.parse(`"${inside}"`);
  } catch {
    return inside;
  }
}
