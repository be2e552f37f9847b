// When to dial a backend again: exponential with full jitter, slower after a refusal that lasts.

/** First wait, ms. */
export const FIRST_WAIT_MS = 1_000;

/** Longest wait, ms. */
export const LONGEST_WAIT_MS = 300_000;

/** Shortest wait after the server refused us by name (401, 403, 404): it will not change soon. */
export const REFUSED_WAIT_MS = 60_000;

/**
 * The wait before dial number `attempt` + 1, ms.
 *
 * @param attempt failed dials so far, 1 and up
 * @param random 0 ≤ random < 1
 * @param status the HTTP status of the refusal, if there was one
 */
export function dialWaitMs(attempt: number, random: number, status?: number): number {
  const ceiling = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempt - 1, 20), LONGEST_WAIT_MS);
  if (status === 401 || status === 403 || status === 404) {
    return REFUSED_WAIT_MS + Math.round(random * Math.max(ceiling, REFUSED_WAIT_MS));
  }
  // Half of it is certain: a backend that closes at once is not dialled in a tight loop.
  return Math.round(ceiling / 2 + random * ceiling / 2);
}
