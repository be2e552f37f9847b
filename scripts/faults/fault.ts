// What a planted fault is: one small change that at least one test has to notice.

/** One change to one file. */
export interface Fault {
  /** What no longer holds, as a clause. */
  readonly breaks: string;
  /** From the root of the project. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly text: string;
  /** What stands there while the fault is planted. */
  readonly instead: string;
  /** Files or folders of tests that have to notice it. */
  readonly tests: readonly string[];
}

/** Faults of one area, with its tests, as rows: what it breaks, file, text, what stands instead. */
export function faultsOf(
  tests: readonly string[],
  rows: readonly (readonly [breaks: string, file: string, text: string, instead: string])[],
): Fault[] {
  return rows.map(([breaks, file, text, instead]) => ({ breaks, file, text, instead, tests }));
}
