// A car at the end of the cable: how much it takes, and when it has had enough.

export interface VehicleOptions {
  readonly batteryWh: number;
  /** State of charge at arrival, 0 to 1. */
  readonly stateOfCharge: number;
  /** What its on-board charger can take, W. */
  readonly maximumPowerW: number;
}

/** A family car that arrives with a third of its battery. */
export const FAMILY_CAR: VehicleOptions = {
  batteryWh: 58_000,
  stateOfCharge: 0.34,
  maximumPowerW: 11_000,
};

/** How long the power takes to rise after the start, ms. */
const RAMP_MS = 20_000;
/** Above this state of charge the power falls, in a straight line … */
const TAPER_FROM = 0.97;
/** … to this part of the maximum just before full. */
const TAPER_TO = 0.12;

/** One car; its battery only knows one direction. */
export class Vehicle {
  readonly #options: VehicleOptions;
  #storedWh: number;

  constructor(options: VehicleOptions = FAMILY_CAR) {
    this.#options = options;
    this.#storedWh = options.batteryWh * options.stateOfCharge;
  }

  /** 0 to 1. */
  get stateOfCharge(): number {
    return this.#storedWh / this.#options.batteryWh;
  }

  get full(): boolean {
    return this.#storedWh >= this.#options.batteryWh;
  }

  /** What it would take `sinceStartMs` after charging began, W. */
  wantedPowerW(sinceStartMs: number): number {
    if (this.full) return 0;
    const ramp = Math.min(1, Math.max(0, sinceStartMs) / RAMP_MS);
    const over = Math.max(0, this.stateOfCharge - TAPER_FROM) / (1 - TAPER_FROM);
    return this.#options.maximumPowerW * ramp * (1 - over * (1 - TAPER_TO));
  }

  /** Takes up to `energyWh`; returns what fitted, Wh. */
  charge(energyWh: number): number {
    const taken = Math.min(energyWh, this.#options.batteryWh - this.#storedWh);
    this.#storedWh += taken;
    return taken;
  }
}
