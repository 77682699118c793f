/** Makes Home Assistant know a site's hub, cameras and graphics cards, keeps that up to date, and takes it back. */
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import { cameraDiscovery, type DiscoverySite, gpuDiscovery, hubDiscovery } from "../homeassistant/discovery.ts";
import { clearingPackets } from "../homeassistant/leftovers.ts";
import { keptMessages } from "../mqtt/kept.ts";
import type { MqttLink } from "../mqtt/link.ts";
import { EntityCommands } from "./entity-commands.ts";
import type { EntityStates } from "./entity-states.ts";
import { knownGpus } from "./gpu-facts.ts";
import type { Site } from "./site.ts";

export interface AnnouncerOptions {
  readonly site: Site;
  readonly link: MqttLink;
  readonly discovery: DiscoverySite;
  readonly states: EntityStates;
  /** Resolves when the broker has them all. */
  publish(packets: readonly MqttPacket[]): Promise<void>;
}

/** What Home Assistant takes, on a slow machine too, from a discovery message to listening to the entity's topics. */
const ACQUAINTANCE_MS = 3_000;

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #commands: EntityCommands;
  /** Cameras that this connection has announced. */
  readonly #announced = new Set<string>();
  /** Graphics cards that this connection has announced, by their ids. */
  readonly #gpus = new Set<string>();
  /** When Home Assistant listens to a camera that was new to it, by the monotonic clock. */
  readonly #listensFrom = new Map<string, number>();
  /** What the broker kept when this connection began, by topic. */
  #kept: ReadonlyMap<string, Buffer> = new Map();
  /** Set once everything was taken back. */
  #withdrawn = false;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#commands = new EntityCommands(options.site, options.link);
  }

  /**
   * Announces the hub, then each camera and graphics card, with their states, and clears what is left of earlier ones.
   * What the broker keeps already is not published again, unless Home Assistant `isNew` and asks for it.
   */
  async announce({ isNew }: { isNew: boolean }): Promise<void> {
    if (this.#withdrawn) return;
    const { site, discovery, states } = this.#options;
    const kept = await this.#look();
    this.#kept = isNew ? new Map() : kept;
    this.#announced.clear();
    this.#gpus.clear();
    await this.publishNew([...hubDiscovery(discovery), ...states.ofHub()]);
    const cameraIds = site.store.cameras.ids();
    for (const cameraId of cameraIds) await this.announceCamera(cameraId);
    await this.announceGpus();
    await this.#options.publish(clearingPackets(kept, this.#wanted(cameraIds), site.topics));
  }

  /** Announces a camera unless this connection has. */
  async announceCamera(cameraId: string): Promise<void> {
    if (this.#withdrawn || this.#announced.has(cameraId)) return;
    // First: Home Assistant may send a command as soon as it knows of the entity.
    this.#commands.listenTo(cameraId);
    const { site, states } = this.#options;
    const discovery = this.#discoveryOf(cameraId);
    await this.publishNew([...discovery, ...states.ofCamera(cameraId)]);
    if (!discovery.every((packet) => this.#keeps(packet))) {
      this.#listensFrom.set(cameraId, site.clock.monotonic() + ACQUAINTANCE_MS);
    }
    this.#announced.add(cameraId);
  }

  /** Announces a camera, and waits until Home Assistant listens to it: what nobody keeps would be lost on it before. */
  async introduceCamera(cameraId: string): Promise<void> {
    await this.announceCamera(cameraId);
    const { clock } = this.#options.site;
    const wait = (this.#listensFrom.get(cameraId) ?? 0) - clock.monotonic();
    if (wait > 0) await new Promise<void>((resolve) => clock.after(wait, resolve));
  }

  /** Announces graphics cards that this connection has not, and takes those back that are not known any more. */
  async announceGpus(): Promise<void> {
    if (this.#withdrawn) return;
    const { site, discovery, states } = this.#options;
    const known = knownGpus(site);
    for (const gpu of known.filter(({ gpu_id }) => !this.#gpus.has(gpu_id))) {
      await this.publishNew([...gpuDiscovery({ ...discovery, gpu }), ...states.ofGpu(gpu)]);
      this.#gpus.add(gpu.gpu_id);
    }
    const gone = [...this.#gpus].filter((id) => !known.some(({ gpu_id }) => gpu_id === id));
    if (gone.length === 0) return;
    for (const id of gone) {
      this.#gpus.delete(id);
      states.forgetGpu(id);
    }
    await this.#clear(this.#wanted(site.store.cameras.ids()));
  }

  /** Publishes what the broker does not keep just so already. */
  async publishNew(packets: readonly MqttPacket[]): Promise<void> {
    await this.#options.publish(packets.filter((packet) => !this.#keeps(packet)));
  }

  /** Takes a camera back that the store does not know any more. It comes again with its next upload. */
  async forgetCamera(cameraId: string): Promise<void> {
    this.#announced.delete(cameraId);
    this.#options.states.forget(cameraId);
    await this.#clear(this.#wanted(this.#options.site.store.cameras.ids()));
  }

  /** Takes everything back, and announces nothing more until the next start. */
  async withdraw(): Promise<void> {
    this.#withdrawn = true;
    await this.#clear(new Set());
  }

  async #clear(wanted: ReadonlySet<string>): Promise<void> {
    const kept = await this.#look();
    this.#kept = new Map();
    await this.#options.publish(clearingPackets(kept, wanted, this.#options.site.topics));
  }

  #keeps({ topic, payload, retain }: MqttPacket): boolean {
    return retain && this.#kept.get(topic)?.equals(Buffer.from(payload)) === true;
  }

  #look(): Promise<Map<string, Buffer>> {
    const { site, link, discovery } = this.#options;
    const filters = [`${discovery.discoveryPrefix}/+/+/config`, ...site.topics.states];
    return keptMessages(link, filters, site.clock);
  }

  #wanted(cameraIds: readonly string[]): ReadonlySet<string> {
    const { site, discovery } = this.#options;
    const packets = [
      ...hubDiscovery(discovery),
      ...cameraIds.flatMap((id) => this.#discoveryOf(id)),
      ...knownGpus(site).flatMap((gpu) => gpuDiscovery({ ...discovery, gpu })),
    ];
    return new Set(packets.map(({ topic }) => topic));
  }

  #discoveryOf(cameraId: string): MqttPacket[] {
    const { site, discovery } = this.#options;
    return cameraDiscovery({ ...discovery, camera: site.camera(cameraId) });
  }
}
