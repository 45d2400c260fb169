import type { Clock, Timer } from "@lineshaft/core";
import { Dice } from "../mes/dice.ts";
import { ORDERS_WAITING } from "./limits.ts";

/** States by their numbers in PackML (ANSI/ISA-TR88.00.02), as the machines give them. */
export const machineStates = { starting: 3, idle: 4, execute: 6, held: 11, completing: 16 } as const;
export type MachineState = keyof typeof machineStates;

/** An order as it comes to the line. */
export interface LineOrder {
  productionOrder: string;
  product: string;
  /** Pieces to be made, scrap among them. */
  quantity: number;
  workCenter: string;
}

export interface MachineOptions {
  name: string;
  seed: number;
  clock: Clock;
  /** Time that one piece takes, in ms. */
  cycleMs: number;
  /** Of all pieces, those that are scrap; default 0.03. */
  scrapShare?: number;
  /** How often a piece jams, and how often one is made too hot; default 0.01 each. */
  troubleShare?: number;
  memory?: MachineMemory;
}

/** What a machine knows again after its power was cut. */
export interface MachineMemory {
  good: number;
  scrap: number;
  energyWh: number;
  order: LineOrder | undefined;
  /** Pieces of the order, good or not. */
  made: number;
  waiting: LineOrder[];
}

/** How long a machine is set up for an order, and cleared after it, in ms. */
const SET_UP_MS = 2_000;
/** How long a jam lasts, in ms. */
const JAM_MS = 8_000;
/** Pieces that are made too hot in a row. */
const HOT_PIECES = 6;
const WARM = 180;
const HOT = 205;
const STANDBY_W = 400;
const RUNNING_W = 5_500;

/**
 * A machine that works off its orders one after the other, piece by piece. The same seed and the same clock give the same
 * pieces. It stands still until `run` is called.
 */
export class Machine {
  readonly name: string;
  readonly #clock: Clock;
  readonly #cycleMs: number;
  readonly #scrapShare: number;
  readonly #troubleShare: number;
  readonly #dice: Dice;
  readonly #memory: MachineMemory;
  #state: MachineState = "idle";
  #temperature = WARM;
  #hotPieces = 0;
  #jammed = false;
  #timer: Timer | undefined;
  #running = false;
  /** Called after each change, with nothing that changed left out. */
  changed: () => void = () => {};

  constructor(options: MachineOptions) {
    const { name, seed, clock, cycleMs, scrapShare = 0.03, troubleShare = 0.01, memory } = options;
    this.name = name;
    this.#clock = clock;
    this.#cycleMs = cycleMs;
    this.#scrapShare = scrapShare;
    this.#troubleShare = troubleShare;
    this.#dice = new Dice(seed);
    this.#memory = memory ?? { good: 0, scrap: 0, energyWh: 0, order: undefined, made: 0, waiting: [] };
  }

  get state(): MachineState {
    return this.#state;
  }

  /** Why it stands; empty while it runs. */
  get reason(): string {
    if (this.#jammed) return "MATERIAL-JAM";
    if (this.#state === "idle") return "NO-ORDER";
    return this.#state === "execute" ? "" : "SET-UP";
  }

  get jammed(): boolean {
    return this.#jammed;
  }

  /** °C, with one decimal. */
  get temperature(): number {
    return this.#temperature;
  }

  get powerW(): number {
    return this.#state === "execute" ? RUNNING_W : STANDBY_W;
  }

  /** Counters since the machine was built, and its orders. */
  get memory(): Readonly<MachineMemory> {
    return this.#memory;
  }

  /** @returns false when too many wait already */
  take(order: LineOrder): boolean {
    if (this.#memory.waiting.length >= ORDERS_WAITING) return false;
    this.#memory.waiting.push(order);
    this.changed();
    if (this.#running && this.#timer === undefined) this.#next();
    return true;
  }

  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#next();
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** What comes after a pause: the order it has, or the next one, or nothing. */
  #next(): void {
    const memory = this.#memory;
    if (memory.order === undefined) {
      memory.order = memory.waiting.shift();
      memory.made = 0;
    }
    if (memory.order === undefined) return this.#become("idle");
    // The power was cut between its last piece and its clearing.
    if (memory.made >= memory.order.quantity) return this.#finish();
    this.#become("starting");
    this.#after(SET_UP_MS, () => {
      this.#become("execute");
      this.#after(this.#cycleMs, () => this.#makePiece());
    });
  }

  #makePiece(): void {
    const memory = this.#memory;
    memory.energyWh += Math.max(1, Math.round((RUNNING_W * this.#cycleMs) / 3_600_000));
    this.#warm();
    if (this.#dice.chance(this.#scrapShare)) memory.scrap++;
    else memory.good++;
    memory.made++;
    this.changed();
    if (memory.made >= (memory.order?.quantity ?? 0)) this.#after(this.#cycleMs, () => this.#finish());
    else if (this.#dice.chance(this.#troubleShare)) this.#after(this.#cycleMs, () => this.#jam());
    else this.#after(this.#cycleMs, () => this.#makePiece());
  }

  #warm(): void {
    if (this.#hotPieces > 0) this.#hotPieces--;
    else if (this.#dice.chance(this.#troubleShare)) this.#hotPieces = HOT_PIECES;
    const around = this.#hotPieces > 0 ? HOT : WARM;
    this.#temperature = around + this.#dice.whole(-20, 20) / 10;
  }

  #jam(): void {
    this.#jammed = true;
    this.#become("held");
    this.#after(JAM_MS, () => {
      this.#jammed = false;
      this.#become("execute");
      this.#after(this.#cycleMs, () => this.#makePiece());
    });
  }

  /** The order stays on the machine until it is cleared: nothing is counted any more by then. */
  #finish(): void {
    this.#become("completing");
    this.#after(SET_UP_MS, () => {
      this.#memory.order = undefined;
      this.#next();
    });
  }

  #become(state: MachineState): void {
    this.#state = state;
    this.changed();
  }

  #after(ms: number, step: () => void): void {
    this.#timer = this.#clock.after(ms, () => {
      this.#timer = undefined;
      step();
    });
  }
}
