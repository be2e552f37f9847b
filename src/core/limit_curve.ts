// Limits over time as step functions, and how several become one.

/** What may be drawn at some time. */
export interface Limit {
  /** A per phase, not below 0. */
  readonly limitA: number;
  /** On how many phases, 1 … 3; undefined: nobody says. */
  readonly phases: number | undefined;
}

/** From `at`, epoch milliseconds, until the next point; undefined: nothing is limited. */
export interface Point {
  readonly at: number;
  readonly limit: Limit | undefined;
}

/** Rising; the first point stands where the span begins, the last one holds to its end. */
export type Curve = readonly Point[];

/** The part of time that is looked at, epoch milliseconds: from, included, until, excluded. */
export interface TimeSpan {
  readonly from: number;
  readonly until: number;
}

/** One stretch of a limit, epoch milliseconds. */
export interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly limit: Limit;
}

/** The curve of stretches that rise and do not overlap, cut to a span. */
export function curveOf(stretches: Iterable<Stretch>, span: TimeSpan): Curve {
  const points: Point[] = [{ at: span.from, limit: undefined }];
  for (const { from, until, limit } of stretches) {
    const begin = Math.max(from, span.from);
    const end = Math.min(until, span.until);
    if (begin >= end) continue;
    if (points.at(-1)!.at === begin) points.pop();
    points.push({ at: begin, limit });
    if (end < span.until) points.push({ at: end, limit: undefined });
  }
  return merged(points);
}

/** The same limit from the beginning of a span to `until`; Infinity: all of it. */
export function constant(limitA: number, until: number, span: TimeSpan): Curve {
  const limit = { limitA, phases: undefined };
  return curveOf([{ from: span.from, until, limit }], span);
}

/** What a curve says at a time that is not before its beginning. */
export function limitAt(curve: Curve, at: number): Limit | undefined {
  return curve.findLast((point) => point.at <= at)?.limit;
}

/** At each time the lowest of several curves. */
export function lowest(curves: readonly Curve[], span: TimeSpan): Curve {
  return combine(curves, span, (limits) => {
    let least: Limit | undefined;
    for (const limit of limits) if (limit) least = least ? lower(least, limit) : limit;
    return least;
  });
}

/** At each time the first curve that says anything. */
export function firstOf(curves: readonly Curve[], span: TimeSpan): Curve {
  return combine(curves, span, (limits) => limits.find((limit) => limit !== undefined));
}

/** At each time the sum, where every curve says something. */
export function sum(curves: readonly Curve[], span: TimeSpan): Curve {
  return combine(curves, span, (limits) => {
    if (limits.length === 0 || limits.includes(undefined)) return undefined;
    return { limitA: limits.reduce((all, limit) => all + limit!.limitA, 0), phases: undefined };
  });
}

/** Each limit divided by a number. */
export function divided(curve: Curve, by: number): Curve {
  return curve.map(({ at, limit }) => ({
    at,
    limit: limit && { ...limit, limitA: limit.limitA / by },
  }));
}

/** The lower of two limits; of phases, too, the fewer count. */
function lower(a: Limit, b: Limit): Limit {
  const phases = Math.min(a.phases ?? Infinity, b.phases ?? Infinity);
  return {
    limitA: Math.min(a.limitA, b.limitA),
    phases: phases === Infinity ? undefined : phases,
  };
}

/** Whether two limits are the same. */
function sameLimit(a: Limit | undefined, b: Limit | undefined): boolean {
  return a?.limitA === b?.limitA && a?.phases === b?.phases;
}

function combine(
  curves: readonly Curve[],
  span: TimeSpan,
  choose: (limits: readonly (Limit | undefined)[]) => Limit | undefined,
): Curve {
  if (curves.length === 1) {
    return merged(curves[0]!.map(({ at, limit }) => ({ at, limit: choose([limit]) })));
  }
  const times = new Set([span.from]);
  for (const curve of curves) for (const { at } of curve) times.add(at);
  const places = curves.map(() => 0);
  const points = [...times].sort((a, b) => a - b).map((at) => {
    const limits = curves.map((curve, index) => {
      while (curve[places[index]! + 1] && curve[places[index]! + 1]!.at <= at) places[index]!++;
      return curve[places[index]!]?.limit;
    });
    return { at, limit: choose(limits) };
  });
  return merged(points);
}

function merged(points: readonly Point[]): Curve {
  return points.filter(({ limit }, index) =>
    index === 0 || !sameLimit(limit, points[index - 1]!.limit)
  );
}
