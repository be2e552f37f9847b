// Medians, and the table that the measurements end in.

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The value that so many percent of sorted ones do not exceed. */
export function percentile(sorted: ArrayLike<number>, percent: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * percent / 100) - 1)]!;
}

/** The slope of values over evenly spaced steps: the median of the slopes of all pairs. */
export function slope(values: readonly number[]): number {
  const slopes: number[] = [];
  for (let i = 0; i < values.length; i++) {
    for (let j = i + 1; j < values.length; j++) slopes.push((values[j]! - values[i]!) / (j - i));
  }
  return median(slopes);
}

export interface Row {
  readonly name: string;
  readonly figure: string;
  /** What is to be held; absent: a baseline. */
  readonly target?: string;
  readonly met?: boolean;
}

/** Milliseconds, in µs where they are few. */
export function time(ms: number): string {
  return ms < 1 ? `${(1000 * ms).toFixed(0)} µs` : `${ms.toFixed(2)} ms`;
}

/** Prints the rows; returns whether every target was met. */
export function printTable(rows: readonly Row[]): boolean {
  const wide = (pick: (row: Row) => string) => Math.max(...rows.map((row) => pick(row).length));
  const name = wide((row) => row.name);
  const figure = wide((row) => row.figure);
  const target = wide((row) => row.target ?? "");
  for (const row of rows) {
    const verdict = row.met === undefined ? "" : row.met ? "ok" : "MISSED";
    console.log(
      `${row.name.padEnd(name)}  ${row.figure.padEnd(figure)}  ` +
        `${(row.target ?? "").padEnd(target)}  ${verdict}`.trimEnd(),
    );
  }
  return rows.every(({ met }) => met !== false);
}
