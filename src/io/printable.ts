// Text of peers, made harmless for terminals, logs and pages.

/** Control characters, and those that turn or break the lines of people's displays. */
const STEERING = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** The text with a `?` for every character that could steer a display or reorder what it shows. */
export function printable(text: string): string {
  return text.replace(STEERING, "?");
}
