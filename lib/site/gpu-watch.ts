/** What `gpu-monitor` does: reads the graphics cards again and again, keeps it, tells it, and says when a limit is reached. */
import { GpuReading, type GpuSource } from "../domain/gpu.ts";
import type { Slots } from "../domain/server-report.ts";
import { toIso } from "../domain/time.ts";
import { type Crossing, type GpuLimits, GpuThresholds, LEVELS, type Level, METRICS } from "../ops/thresholds.ts";
import { asError } from "../resilience/errors.ts";
import { repeat } from "../resilience/repeat.ts";
import type { Cards, ReadCards } from "./gpu-cards.ts";
import type { LiveGpu } from "./gpu-facts.ts";
import type { ServerWatch } from "./server-watch.ts";
import type { Site } from "./site.ts";

export interface GpuWatchOptions {
  readonly site: Site;
  readonly servers: ServerWatch;
  readonly read: ReadCards;
  readonly simulate: boolean;
  readonly intervalMs: number;
  readonly limits: GpuLimits;
  tell(port: number, topic: string, payload: unknown): void;
  /** Hears of what no message waits for. */
  onError(error: Error): void;
  onChange(): void;
}

/** What leaves by the first output. */
export interface MonitorReading {
  readonly recorded_at: string;
  /** False where nothing tells of a graphics card. */
  readonly available: boolean;
  readonly source: GpuSource | null;
  readonly simulated: boolean;
  /** Why the figures do not come from nvidia-smi, or there are none; null where they do. */
  readonly reason: string | null;
  readonly gpus: readonly GpuReading[];
  /** Requests that language models work on; null where no server says. */
  readonly llm_slots: Slots | null;
  /** Milliseconds that the last picture took; null where none has been looked at, or the detector does not say. */
  readonly detector_latency_ms: number | null;
}

/** What is remembered of a card from one reading to the next. */
interface Card {
  readonly source: GpuSource;
  readonly name: string;
  readonly thresholds: GpuThresholds;
}

const READING_PORT = 0;
const WARNING_PORT = 1;
const TOPIC = "gpu";
const GONE = "nothing tells of it any more";

export class GpuWatch {
  readonly #options: GpuWatchOptions;
  readonly #closing = new AbortController();
  readonly #cards = new Map<string, Card>();
  #last: MonitorReading | null = null;
  #reading: Promise<void> | null = null;
  #cancel = () => {};
  #saidError = "";

  constructor(options: GpuWatchOptions) {
    this.#options = options;
  }

  /** The last reading; null before the first. */
  get last(): MonitorReading | null {
    return this.#last;
  }

  /** The highest level that a figure of a card is at. */
  get level(): Level {
    const levels = [...this.#cards.values()].flatMap(({ thresholds }) =>
      METRICS.map((metric) => thresholds.levels[metric]),
    );
    return LEVELS.findLast((level) => levels.includes(level)) ?? "ok";
  }

  start(): void {
    const { site, intervalMs, simulate, onError } = this.#options;
    if (!simulate) site.store.transaction((tables) => tables.gpuReadings.forgetSimulated());
    this.#cancel = repeat(
      site.clock,
      intervalMs,
      (error) => onError(asError(error)),
      () => void this.readNow(),
    );
    void this.readNow();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancel();
    await this.#reading;
    const { gpus } = this.#options.site;
    for (const id of this.#cards.keys()) gpus.delete(id);
  }

  /** Reads now, unless that is under way. Never rejects. */
  readNow(): Promise<void> {
    this.#reading ??= this.#read()
      .then(() => {
        this.#saidError = "";
      })
      .catch((thrown) => this.#report(asError(thrown)))
      .finally(() => {
        this.#reading = null;
      });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { servers, read } = this.#options;
    const asked = servers.ask();
    const [cards] = await Promise.all([read(asked, this.#closing.signal), asked]);
    if (this.#closing.signal.aborted) return;
    const reading = this.#compose(cards);
    this.#note(reading);
    const { site, tell, onChange } = this.#options;
    const before = this.#last;
    this.#last = reading;
    tell(READING_PORT, TOPIC, reading);
    for (const warning of this.#warnings(reading, before)) tell(WARNING_PORT, TOPIC, warning);
    this.#remember(reading);
    onChange();
    site.store.transaction((tables) => {
      for (const gpu of reading.gpus) tables.gpuReadings.add(gpu);
    });
    site.bus.emit("gpu");
  }

  #compose({ cards, reason }: Cards): MonitorReading {
    const { site, simulate, servers } = this.#options;
    const recorded_at = toIso(site.clock.now());
    const slots = [...servers.reports.values()].flatMap((report) => report.slots ?? []);
    return {
      recorded_at,
      available: cards.length > 0,
      source: cards[0]?.source ?? null,
      simulated: simulate,
      reason,
      gpus: cards.map((card) => GpuReading.parse({ ...card, simulated: simulate, recorded_at })),
      llm_slots: slots.length === 0 ? null : { busy: sum(slots, "busy"), total: sum(slots, "total") },
      detector_latency_ms: site.store.totals.lastMeasured().inference_ms,
    };
  }

  /** Says in the log where figures come from, when that changes. */
  #note({ available, reason }: MonitorReading): void {
    if (reason === (this.#last?.reason ?? null)) return;
    const { logger } = this.#options.site;
    if (reason === null) logger.info("nvidia-smi tells of the graphics cards");
    else if (available) logger.info(`Figures of graphics cards are not from nvidia-smi: ${reason}`);
    else logger.warn(`There are no figures of graphics cards: ${reason}`);
  }

  /** What people should know of this reading that was not so before. */
  #warnings({ gpus, available, reason, simulated, recorded_at }: MonitorReading, before: MonitorReading | null) {
    const crossings = gpus.flatMap((gpu) => {
      const { gpu_id, name } = gpu;
      return this.#cardOf(gpu)
        .thresholds.see(gpu)
        .map((crossing: Crossing) => ({ kind: "gpu", gpu_id, name, ...crossing, simulated, recorded_at }));
    });
    const wasAvailable = before === null ? null : before.available;
    const isNews = wasAvailable !== null && wasAvailable !== available;
    return [...crossings, ...(isNews ? [{ kind: "availability", available, reason, simulated, recorded_at }] : [])];
  }

  #cardOf({ gpu_id, name, source }: GpuReading): Card {
    const card = this.#cards.get(gpu_id) ?? { source, name, thresholds: new GpuThresholds(this.#options.limits) };
    this.#cards.set(gpu_id, card);
    return card;
  }

  #remember({ gpus }: MonitorReading): void {
    const live = this.#options.site.gpus;
    for (const [id, { name, source, thresholds }] of this.#cards) {
      const reading = gpus.find(({ gpu_id }) => gpu_id === id) ?? null;
      if (reading !== null) live.set(id, { reading, name, ...troubleOf(thresholds) });
      else if (source === "nvidia-smi") live.set(id, { reading, name, causes: [GONE], fault: GONE });
      else {
        // It stood in for a card that tells of itself again, or its server is a trouble of its own.
        live.delete(id);
        this.#cards.delete(id);
      }
    }
  }

  #report(error: Error): void {
    if (this.#closing.signal.aborted || error.message === this.#saidError) return;
    this.#saidError = error.message;
    this.#options.onError(error);
  }
}

function troubleOf({ levels }: GpuThresholds): Pick<LiveGpu, "causes" | "fault"> {
  const high = METRICS.filter((metric) => levels[metric] !== "ok");
  return {
    causes: high.map((metric) => `${metric}: ${levels[metric]}`),
    fault: levels.temperature === "critical" ? "too hot" : null,
  };
}

function sum(slots: readonly Slots[], key: keyof Slots): number {
  return slots.reduce((total, each) => total + each[key], 0);
}
