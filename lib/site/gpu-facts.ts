/** What the entities of a graphics card say. */
import type { GpuReading } from "../domain/gpu.ts";
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import { toIso } from "../domain/time.ts";
import { gpuPackets } from "../homeassistant/state.ts";
import type { Site } from "./site.ts";

/** A card as a node of this site knows it now. */
export interface LiveGpu {
  /** Null where nothing tells of the card any more. */
  readonly reading: GpuReading | null;
  readonly name: string;
  /** What is wrong with it. */
  readonly causes: readonly string[];
  /** What the whole site should worry about; null for nothing. That a model fills its card is what the card is for. */
  readonly fault: string | null;
}

/** A card that nothing has told of for so long is not in the machine any more. */
const REMEMBER_MS = 7 * 24 * 60 * 60_000;

/** The last reading of each card that the site knows, by the cards' ids. */
export function knownGpus(site: Site): GpuReading[] {
  return site.store.gpuReadings.latest(toIso(site.clock.now() - REMEMBER_MS));
}

/** The states of a card's entities: unknown where no node of this site knows it now. */
export function gpuStates(site: Site, { gpu_id, simulated }: GpuReading): MqttPacket[] {
  const { reading = null, causes = [] } = site.gpus.get(gpu_id) ?? {};
  const states = {
    problem: reading === null && causes.length === 0 ? null : causes.length > 0,
    temperature: reading?.temperature ?? null,
    utilization: reading?.utilization ?? null,
    memory_used: reading?.memory_used ?? null,
    memory_total: reading?.memory_total ?? null,
    power_draw: reading?.power_draw ?? null,
    fan_speed: reading?.fan_speed ?? null,
  };
  return gpuPackets(gpu_id, site.topics, states, { causes, simulated });
}
