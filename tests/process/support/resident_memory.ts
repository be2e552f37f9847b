// How much memory a process has, now and at most.

const MIB = 1024 * 1024;
const LOOK_MS = 50;

/** Resident memory of a process now, MiB; NaN: it has ended. */
export function residentMiB(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1]) * 1024 / MIB;
  } catch {
    return NaN;
  }
}

/** Looks at a process again and again, until it is stopped. */
export class PeakMemory implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  /** The most that was seen, MiB. */
  mib = 0;

  constructor(pid: number) {
    const look = () => this.mib = Math.max(this.mib, residentMiB(pid) || 0);
    look();
    this.#timer = setInterval(look, LOOK_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
