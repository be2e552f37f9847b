// One timer for everything that has to be looked at now and then, however many sockets there are.

/** How often the checks run; every deadline kept with them is met within this. */
export const TICK_MS = 500;

/**
 * Told the monotonic time in milliseconds. `late`: the process was held up (a slow disk, a
 * suspended machine), so what has arrived meanwhile has not been read yet; judge nobody by silence.
 */
export type Check = (now: number, late: boolean) => void;

const LATE_MS = 3 * TICK_MS;

const checks = new Set<Check>();
let timer: ReturnType<typeof setInterval> | undefined;
let lastTick = 0;

/** Runs `check` every TICK_MS until the function returned is called; without checks no timer runs. */
export function everyTick(check: Check): () => void {
  checks.add(check);
  if (timer === undefined) {
    lastTick = performance.now();
    timer = setInterval(tick, TICK_MS);
  }
  return () => {
    checks.delete(check);
    if (checks.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function tick(): void {
  const now = performance.now();
  const late = now - lastTick > LATE_MS;
  lastTick = now;
  for (const check of checks) check(now, late);
}
