/** What Vigil talks to while it is tried: detector, language model, broker and disk, each of which can fail for a while. */
import { setTimeout as sleep } from "node:timers/promises";
import { type DetectorServer, startDetectorServer, type WireDetection } from "../support/detector-server.ts";
import { type LlmServer, startLlmServer } from "../support/llm-server.ts";
import { type Broker, startBroker } from "../support/mosquitto.ts";
import { fillDisk } from "../support/small-disk.ts";
import type { Dice } from "./dice.ts";
import type { Outage } from "./plan.ts";
import type { Sight } from "./traffic.ts";

/** Connections are refused, requests answered with 503, or not at all. */
const FAILURES = ["refuses", "busy", "hangs"] as const;
type Failure = (typeof FAILURES)[number];

const SEEN: Readonly<Record<Sight, readonly WireDetection[]>> = {
  urgent: [
    { class: "person", confidence: 0.95, bbox: { x: 20, y: 20, width: 30, height: 60 } },
    { class: "dog", confidence: 0.6, bbox: { x: 60, y: 50, width: 30, height: 30 } },
  ],
  something: [{ class: "dog", confidence: 0.7, bbox: { x: 10, y: 10, width: 40, height: 40 } }],
  nothing: [],
};
/** A real detector and a real model take their time, in which everything else can happen. */
const WELL = { slow: 15 };
const THINKING_MS = 60;
const VERDICT = { reasoning: "A dog.", summary: "A dog in the garden.", risk_score: 12, recommended_action: "" };

export class Surroundings {
  readonly broker: Broker;
  readonly #disk: string | null;
  readonly #sight: (sha256: string) => Sight;
  readonly #failing = new Set<Outage>();
  #detector: DetectorServer;
  #llm: LlmServer;

  private constructor(
    detector: DetectorServer,
    llm: LlmServer,
    broker: Broker,
    options: { disk: string | null; sight(sha256: string): Sight },
  ) {
    this.#detector = detector;
    this.#llm = llm;
    this.broker = broker;
    this.#disk = options.disk;
    this.#sight = options.sight;
    this.#setUpDetector();
    this.#setUpLlm();
  }

  /** `memory`: a folder for the broker. `disk`: a small disk of its own that may be filled; null where there is none. */
  static async start(options: {
    memory: string;
    disk: string | null;
    sight(sha256: string): Sight;
  }): Promise<Surroundings> {
    const broker = await startBroker({ memory: options.memory });
    return new Surroundings(await startDetectorServer(), await startLlmServer(), broker, options);
  }

  get detectorUrl(): string {
    return this.#detector.url;
  }

  get llmUrl(): string {
    return this.#llm.url;
  }

  /** Whether that can fail here: only Mosquitto remembers its sessions, and not every machine lets us mount a disk. */
  canFail(what: Outage): boolean {
    if (what === "broker") return this.broker.kind === "mosquitto";
    return what !== "disk" || this.#disk !== null;
  }

  /** Fails in some way for a while; resolves when all is well again. What fails already is left alone. */
  async fail(what: Outage, dice: Dice): Promise<void> {
    if (this.#failing.has(what)) return;
    const ms = dice.whole(200, 1_500);
    const how = dice.pick(FAILURES);
    this.#failing.add(what);
    try {
      if (what === "broker") await this.#withoutBroker(how, ms);
      else if (what === "disk") await this.#withoutSpace(ms);
      else if (what === "detector") await this.#withoutDetector(how, ms);
      else await this.#withoutLlm(how, ms);
    } finally {
      this.#failing.delete(what);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#detector.close(), this.#llm.close(), this.broker.stop()]);
  }

  async #withoutBroker(how: Failure, ms: number): Promise<void> {
    if (how === "hangs") {
      this.broker.pause();
      await sleep(ms);
      this.broker.resume();
      return;
    }
    await this.broker.stop();
    await sleep(ms);
    await this.broker.start();
  }

  async #withoutDetector(how: Failure, ms: number): Promise<void> {
    if (how === "refuses") {
      const port = Number(new URL(this.#detector.url).port);
      await this.#detector.close();
      await sleep(ms);
      this.#detector = await startDetectorServer({ port });
      this.#setUpDetector();
      return;
    }
    this.#detector.misbehave(how === "busy" ? 503 : "never");
    await sleep(ms);
    this.#detector.misbehave(WELL);
  }

  async #withoutLlm(how: Failure, ms: number): Promise<void> {
    if (how === "refuses") {
      const port = Number(new URL(this.#llm.url).port);
      await this.#llm.close();
      await sleep(ms);
      this.#llm = await startLlmServer({ port });
      this.#setUpLlm();
      return;
    }
    this.#llm.misbehave(how === "busy" ? 503 : "never");
    await sleep(ms);
    this.#llm.misbehave(null);
  }

  async #withoutSpace(ms: number): Promise<void> {
    if (this.#disk === null) return;
    const makeRoom = fillDisk(this.#disk);
    await sleep(ms);
    makeRoom();
  }

  #setUpDetector(): void {
    this.#detector.answer(({ sha256 }) => SEEN[this.#sight(sha256)]);
    this.#detector.misbehave(WELL);
  }

  #setUpLlm(): void {
    this.#llm.answer(() => sleep(THINKING_MS, VERDICT));
  }
}
