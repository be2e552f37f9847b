// Draws icon.png and logo.png, from circles and lines: deno run --allow-write scripts/home-assistant/draw.ts

import { crc32, deflateSync } from "node:zlib";

/** A point, in units of the icon's height. */
type Point = readonly [x: number, y: number];

/** How far a point is from a shape, negative inside. */
type Shape = (point: Point) => number;

type Colour = readonly [red: number, green: number, blue: number];

const SKY: Colour = [14, 116, 189];
const LEAF: Colour = [22, 163, 110];
const WHITE: Colour = [255, 255, 255];
const INK: Colour = [30, 64, 84];

function roundedSquare(radius: number): Shape {
  return ([x, y]) => {
    const dx = Math.abs(x - 0.5) - 0.5 + radius;
    const dy = Math.abs(y - 0.5) - 0.5 + radius;
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0)) + Math.min(Math.max(dx, dy), 0) - radius;
  };
}

function disc([cx, cy]: Point, radius: number): Shape {
  return ([x, y]) => Math.hypot(x - cx, y - cy) - radius;
}

function line([ax, ay]: Point, [bx, by]: Point, width: number): Shape {
  const [dx, dy] = [bx - ax, by - ay];
  const square = dx * dx + dy * dy;
  return ([x, y]) => {
    const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / square));
    return Math.hypot(x - ax - along * dx, y - ay - along * dy) - width / 2;
  };
}

function ring([cx, cy]: Point, radius: number, width: number, open?: Shape): Shape {
  return (point) => {
    const distance = Math.abs(Math.hypot(point[0] - cx, point[1] - cy) - radius) - width / 2;
    return open === undefined ? distance : Math.max(distance, -open(point));
  };
}

function either(...shapes: readonly Shape[]): Shape {
  return (point) => Math.min(...shapes.map((shape) => shape(point)));
}

/** One charger in the middle, and who shares it around. */
function network(): Shape {
  const centre: Point = [0.5, 0.5];
  const around: Point[] = [[0.2, 0.24], [0.8, 0.24], [0.5, 0.84]];
  return either(
    disc(centre, 0.17),
    ...around.map((point) => line(centre, point, 0.05)),
    ...around.map((point) => disc(point, 0.09)),
  );
}

function bolt(): Shape {
  return either(
    line([0.535, 0.4], [0.46, 0.505], 0.04),
    line([0.46, 0.505], [0.54, 0.5], 0.04),
    line([0.54, 0.5], [0.465, 0.605], 0.04),
  );
}

/** Letters as high as `size`, from `x` on; only those of the name. */
function letters(text: string, x: number, base: number, size: number): Shape {
  const width = size * 0.24;
  const radius = size * 0.5 - width / 2;
  const shapes: Shape[] = [];
  let at = x;
  for (const letter of text) {
    const middle: Point = [at + size * 0.5, base - size * 0.5];
    const [left, right] = [at + width / 2, at + size - width / 2];
    const [top, bottom] = [base - size + width / 2, base - width / 2];
    switch (letter) {
      case "o":
        shapes.push(ring(middle, radius, width));
        break;
      case "c":
        shapes.push(ring(middle, radius, width, disc([at + size * 1.02, middle[1]], size * 0.3)));
        break;
      case "p":
        shapes.push(
          ring(middle, radius, width),
          line([left, middle[1]], [left, base + size * 0.4], width),
        );
        break;
      case "r": {
        const below = disc([middle[0] + size * 0.1, base + size * 0.05], size * 0.62);
        shapes.push(ring(middle, radius, width, below), line([left, top], [left, bottom], width));
        at -= size * 0.12;
        break;
      }
      case "x":
        shapes.push(
          line([left, top], [right, bottom], width),
          line([left, bottom], [right, top], width),
        );
        break;
      case "y":
        shapes.push(
          line([left, top], [middle[0], bottom], width),
          line([right, top], [at + size * 0.28, base + size * 0.4], width),
        );
        break;
      default:
        shapes.push(line([left, middle[1]], [right - size * 0.2, middle[1]], width));
        at -= size * 0.15;
    }
    at += size * 1.14;
  }
  return either(...shapes);
}

/** Layers from the bottom up: a shape, and its colour from top to bottom. */
type Layer = readonly [shape: Shape, top: Colour, bottom: Colour];

function paint(width: number, height: number, scale: number, layers: readonly Layer[]): Uint8Array {
  const rows = new Uint8Array(height * (1 + width * 4));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const point: Point = [(x + 0.5) / scale, (y + 0.5) / scale];
      let [colour, alpha]: [Colour, number] = [[0, 0, 0], 0];
      for (const [shape, top, bottom] of layers) {
        const cover = Math.min(1, Math.max(0, 0.5 - shape(point) * scale));
        if (cover === 0) continue;
        const own = mix(top, bottom, y / height);
        colour = alpha === 0 ? own : mix(colour, own, cover);
        alpha = cover + alpha * (1 - cover);
      }
      rows.set(
        [...colour.map(Math.round), Math.round(alpha * 255)],
        y * (1 + width * 4) + 1 + x * 4,
      );
    }
  }
  return png(width, height, rows);
}

function mix(one: Colour, other: Colour, part: number): Colour {
  return [0, 1, 2].map((i) => one[i]! + (other[i]! - one[i]!) * part) as unknown as Colour;
}

/** Rows of RGBA, each after a filter byte 0, as a PNG file (ISO 15948). */
function png(width: number, height: number, rows: Uint8Array): Uint8Array {
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head.set([8, 6], 8);
  const parts = [
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", new Uint8Array()),
  ];
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

const MARK: readonly Layer[] = [
  [roundedSquare(0.22), SKY, LEAF],
  [network(), WHITE, WHITE],
  [bolt(), SKY, LEAF],
];

/** The square picture of the app's card, 128 × 128. */
export function icon(): Uint8Array {
  return paint(128, 128, 128, MARK);
}

/** The picture with the name, 250 × 100. */
export function logo(): Uint8Array {
  // The mark of the icon, and the name beside it.
  const moved = MARK.map(([shape, top, bottom]): Layer => [
    ([x, y]) => shape([(x - 0.08) / 0.64, (y - 0.18) / 0.64]) * 0.64,
    top,
    bottom,
  ]);
  return paint(250, 100, 100, [...moved, [letters("ocpp-proxy", 0.82, 0.6, 0.145), INK, INK]]);
}

if (import.meta.main) {
  for (const [name, draw] of [["icon", icon], ["logo", logo]] as const) {
    Deno.writeFileSync(new URL(`${name}.png`, import.meta.url), draw());
  }
}
