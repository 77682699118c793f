/** Publishes the states of the entities that no single record tells, when they have changed. */
import type { GpuReading } from "../domain/gpu.ts";
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import { cameraPackets, decisionPackets, hubPackets, nothingSeenPackets } from "../homeassistant/state.ts";
import { folderSize } from "../media/folder-size.ts";
import { asError } from "../resilience/errors.ts";
import { repeat } from "../resilience/repeat.ts";
import { NO_COSTS, sumOf } from "../store/costs.ts";
import { gpuStates, knownGpus } from "./gpu-facts.ts";
import type { Site } from "./site.ts";
import { cameraFacts, costFacts, costsToday, healthFacts, hubFacts } from "./site-facts.ts";
import { systemStatus } from "./system-status.ts";

/** A burst of jobs is counted once. */
const SETTLE_MS = 2_000;
/** A day ends, and a camera falls silent, without anybody's doing. */
const LOOK_MS = 60_000;
const MEASURE_MS = 60 * 60_000;

export class EntityStates {
  readonly #site: Site;
  readonly #owner: AbortSignal;
  readonly #publish: (packets: readonly MqttPacket[]) => void;
  /** What the broker has from this connection, by topic. */
  readonly #published = new Map<string, MqttPacket["payload"]>();
  /** Cameras that Home Assistant knows. */
  readonly #cameras = new Set<string>();
  /** The same of graphics cards. */
  readonly #gpus = new Set<string>();
  /** Bytes; null until they have been counted. */
  #storageUsed: number | null = null;
  #cancelSoon: (() => void) | null = null;

  /** `publish` gets what has changed, until `owner` is aborted. */
  constructor(site: Site, owner: AbortSignal, publish: (packets: readonly MqttPacket[]) => void) {
    this.#site = site;
    this.#owner = owner;
    this.#publish = publish;
    site.bus.on("worked", owner, () => this.#lookSoon());
    site.bus.on("settings", owner, () => this.#look());
    site.bus.on("health", owner, () => this.#look());
    site.bus.on("gpu", owner, () => this.#lookAtGpus());
    site.bus.on("retention", owner, () => this.#measure());
    const onError = (error: unknown) => this.#warn(error);
    const cancels = [
      repeat(site.clock, LOOK_MS, onError, () => this.#look()),
      repeat(site.clock, MEASURE_MS, onError, () => this.#measure()),
    ];
    owner.addEventListener("abort", () => {
      this.#cancelSoon?.();
      for (const cancel of cancels) cancel();
    });
    this.#measure();
  }

  /** The hub's whole state, for a connection to which nothing has been published yet. */
  ofHub(): MqttPacket[] {
    this.#published.clear();
    this.#cameras.clear();
    this.#gpus.clear();
    return this.#remember(this.#hub());
  }

  /** A camera's whole state, for a Home Assistant that has just heard of it. */
  ofCamera(cameraId: string): MqttPacket[] {
    this.#cameras.add(cameraId);
    const { topics } = this.#site;
    return this.#remember([...nothingSeenPackets(cameraId, topics), ...this.#camera(cameraId)]);
  }

  /** A graphics card's whole state, for a Home Assistant that has just heard of it. */
  ofGpu(gpu: GpuReading): MqttPacket[] {
    this.#gpus.add(gpu.gpu_id);
    return this.#remember(gpuStates(this.#site, gpu));
  }

  /** Says nothing more of a camera. */
  forget(cameraId: string): void {
    this.#cameras.delete(cameraId);
  }

  /** Says nothing more of a graphics card. */
  forgetGpu(gpuId: string): void {
    this.#gpus.delete(gpuId);
  }

  #gpu(): MqttPacket[] {
    const known = knownGpus(this.#site).filter(({ gpu_id }) => this.#gpus.has(gpu_id));
    return known.flatMap((gpu) => gpuStates(this.#site, gpu));
  }

  #hub(costs = costsToday(this.#site)): MqttPacket[] {
    const site = this.#site;
    const { states, attributes } = hubFacts(site, site.store.cameras.lastUploads(), this.#storageUsed);
    return hubPackets(site.topics, { ...states, ...costFacts(sumOf(costs)) }, attributes);
  }

  #camera(cameraId: string, costs = costsToday(this.#site)): MqttPacket[] {
    const site = this.#site;
    const camera = site.store.cameras.lastUpload(cameraId);
    const own = costs.find(({ camera_id }) => camera_id === cameraId) ?? NO_COSTS;
    const facts = { ...(camera && cameraFacts(site, camera)), ...costFacts(own) };
    const decision = site.store.decisions.latestOfCamera(cameraId);
    return [
      ...cameraPackets(cameraId, site.topics, facts),
      ...(decision ? decisionPackets(decision, site.topics) : []),
    ];
  }

  #remember(packets: MqttPacket[]): MqttPacket[] {
    for (const { topic, payload } of packets) this.#published.set(topic, payload);
    return packets;
  }

  /** The next look comes by itself, and an error in this one is no reason to stop. */
  #look(): void {
    try {
      const costs = costsToday(this.#site);
      const cameras = [...this.#cameras].flatMap((cameraId) => this.#camera(cameraId, costs));
      this.#publishChanged([...this.#hub(costs), ...cameras, ...this.#gpu()]);
    } catch (error) {
      this.#warn(error);
      const { states, attributes } = healthFacts(systemStatus(this.#site));
      this.#publishChanged(hubPackets(this.#site.topics, states, attributes));
    }
  }

  #lookAtGpus(): void {
    try {
      this.#publishChanged(this.#gpu());
    } catch (error) {
      this.#warn(error);
    }
  }

  #publishChanged(packets: readonly MqttPacket[]): void {
    const changed = packets.filter(({ topic, payload }) => this.#published.get(topic) !== payload);
    if (changed.length > 0) this.#publish(this.#remember(changed));
  }

  #lookSoon(): void {
    this.#cancelSoon ??= this.#site.clock.after(SETTLE_MS, () => {
      this.#cancelSoon = null;
      this.#look();
    });
  }

  #measure(): void {
    folderSize(this.#site.file(), this.#owner)
      .then((bytes) => {
        this.#storageUsed = bytes;
        this.#look();
      })
      .catch((error) => this.#warn(error));
  }

  #warn(error: unknown): void {
    if (!this.#owner.aborted)
      this.#site.logger.warn(`The states of entities are not up to date: ${asError(error).message}`);
  }
}
