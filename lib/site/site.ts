/** A site: the store, the MQTT link and the bus that its nodes share, and what is known about its cameras. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ShareRange } from "../alert/level-shares.ts";
import type { Camera } from "../domain/camera.ts";
import type { RiskBands } from "../domain/risk.ts";
import type { AskableServer, ServerReport } from "../domain/server-report.ts";
import type { DiskStatus } from "../domain/system-status.ts";
import { toIso, toMillis } from "../domain/time.ts";
import { siteTopics, type Topics } from "../domain/topics.ts";
import type { HomeAssistant } from "../homeassistant/home-assistant.ts";
import { removeLeftovers, writeFileAtomic } from "../media/write-file.ts";
import { type LinkState, MqttLink } from "../mqtt/link.ts";
import type { Clock } from "../resilience/clock.ts";
import { asError, InputError, StoreError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";
import { oneLine } from "../resilience/one-line.ts";
import type { ServerGate } from "../resilience/server-gate.ts";
import type { LastUpload } from "../store/cameras.ts";
import { startMaintenance } from "../store/maintenance.ts";
import { startSafeguards } from "../store/safeguards.ts";
import type { SetAside } from "../store/set-aside.ts";
import { Store } from "../store/store.ts";
import type { SideService } from "./behaviour.ts";
import { brokerSettings } from "./broker-settings.ts";
import { SiteBus } from "./bus.ts";
import { LONGEST_NAME, nameByFolder } from "./camera-name.ts";
import { startClockWatch } from "./clock-watch.ts";
import type { SiteConfig } from "./config.ts";
import type { LiveGpu } from "./gpu-facts.ts";
import { HealthWatch } from "./health-watch.ts";
import { LiveSettings } from "./live-settings.ts";
import { NativeWork } from "./native-work.ts";
import type { OpenWork } from "./open-work.ts";
import type { Load } from "./pipeline-node.ts";
import { obeyPresses } from "./presses.ts";
import { Publisher } from "./publisher.ts";
import { ViewWatch } from "./view-watch.ts";
import { WatchedRoots } from "./watched-roots.ts";

/** Where a site keeps its thumbnails, in its data folder. */
export const THUMBNAILS = "thumbnails";
/** Where it keeps the large pictures of its events. */
export const PICTURES = "pictures";
/** Where it keeps the best frames of clips, without boxes. */
export const STILLS = "stills";
/** Where it keeps pictures and clips that came as bytes. */
export const INBOX = "inbox";

const HOUR_MS = 60 * 60_000;

/** A server as a node uses it. */
export interface UsedServer {
  /** The node's. */
  readonly type: string;
  readonly gate: ServerGate;
  /** Null where it cannot be asked how it is. */
  readonly server: AskableServer | null;
}

export interface SiteOptions {
  readonly config: SiteConfig;
  /** Absolute path of the data folder; null for a store in memory. */
  readonly dataDir: string | null;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Null, or absent: it has no connection to one, whatever MQTT has. */
  readonly homeAssistant?: HomeAssistant | null;
  /** Hears of the broker; never called for a site without one. */
  onMqttState(state: LinkState): void;
}

export class Site {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly store: Store;
  readonly nativeWork: NativeWork;
  readonly bus: SiteBus;
  readonly topics: Topics;
  readonly bands: RiskBands;
  readonly settings: LiveSettings;
  readonly views: ViewWatch;
  readonly homeAssistant: HomeAssistant | null;
  readonly roots = new WatchedRoots();
  /** Ids of the nodes that run now and take messages. */
  readonly workers = new Set<string>();
  /** The servers that its nodes use, by the names that the store knows those by. */
  readonly servers = new Map<string, UsedServer>();
  /** Those that they ask beside their work, likewise. */
  readonly sideServices = new Map<string, readonly SideService[]>();
  /** The nodes that run, by the names that the store knows them by. */
  readonly nodes = new Map<string, { readonly type: string; load(): Load }>();
  /** What AI servers have said last, by their addresses; of one that nobody asks, nothing. */
  readonly reports = new Map<string, ServerReport>();
  /** Of the data folder; null for a store in memory, and while nobody knows. */
  disk: DiskStatus | null = null;
  /** Graphics cards, by their ids, as its nodes know them now. */
  readonly gpus = new Map<string, LiveGpu>();
  /** What its nodes have left open, by the names that the store knows them by. */
  readonly openWork = new Map<string, OpenWork>();
  /** The host of another Vigil that uses this site's name on the same broker; null where none has been heard of. */
  namesake: string | null = null;
  /** False where everything is gone when the site closes. */
  readonly durable: boolean;
  readonly #config: SiteConfig;
  /** The folder of each camera id, as the store has it. */
  readonly #claimed = new Map<string, string>();
  readonly #files: string;
  readonly #link: MqttLink | null;
  readonly #publisher: Publisher | null;
  /** What undoes the opening, in the order in which things were opened. */
  readonly #closers: (() => void)[] = [];
  readonly #stopSafeguards: () => Promise<void>;
  readonly #cleared: Promise<void>;

  /**
   * Opens a site. Throws a StoreError where its store cannot be opened, a ConfigError where the MQTT settings cannot
   * work. A broker that is away is no error.
   */
  constructor(options: SiteOptions) {
    const { config, clock, logger } = options;
    this.#config = config;
    this.clock = clock;
    this.logger = logger;
    this.bus = new SiteBus(logger);
    this.topics = siteTopics(config.topicPrefix, config.site);
    this.bands = config;
    this.homeAssistant = options.homeAssistant ?? null;
    this.durable = options.dataDir !== null;
    const onError = (error: unknown) => logger.error(asError(error).message);
    this.store = Store.open(options.dataDir, { clock, onError });
    this.#closers.push(() => this.store.close());
    try {
      if (this.store.setAside) logger.error(replacement(this.store.setAside));
      this.settings = new LiveSettings(this.store, clock, this.bus);
      this.views = new ViewWatch({ store: this.store, clock, bus: this.bus, logger });
      this.nativeWork = new NativeWork(this.store, clock);
      this.#files = options.dataDir ?? this.#makeTemporaryFolder();
      this.#closers.push(
        this.#watchClock(),
        startMaintenance(this.store, clock, (error) =>
          logger.error(`The store could not be tidied: ${asError(error).message}`),
        ),
      );
      this.#link = config.mqttUrl === "" ? null : openLink(config, this.topics, clock, logger);
      this.#link?.onState((state) => {
        options.onMqttState(state);
        this.bus.emit("link");
      });
      this.#publisher = this.#link && new Publisher(this, this.#link, config);
      if (this.homeAssistant) this.#closers.push(obeyPresses(this, this.homeAssistant));
      const health = new HealthWatch(this);
      this.#closers.push(() => health.close());
      this.#stopSafeguards =
        options.dataDir === null ? async () => {} : startSafeguards(options.dataDir, clock, onError);
      this.#cleared = this.#clear().catch(onError);
    } catch (error) {
      this.#closeStore();
      throw error;
    }
  }

  /** `[a-z0-9-]+`: what tells it from other sites, in topics and everywhere outside. */
  get id(): string {
    return this.#config.site;
  }

  /** Whether the site has a broker to publish to. */
  get publishes(): boolean {
    return this.#publisher !== null;
  }

  /** How the connection to the broker is; null where there is none. */
  get broker(): LinkState | null {
    return this.#link?.state ?? null;
  }

  /** Scheme, host and port; empty where there is none. */
  get brokerAddress(): string {
    return this.#link?.broker ?? "";
  }

  /** A camera by its id, with what the site's camera list says of it. */
  camera(cameraId: string): Camera {
    const listed = this.#config.cameras.find((camera) => camera.id === cameraId);
    const folder = listed?.folder || this.store.cameras.folderOf(cameraId);
    return {
      camera_id: cameraId,
      name: listed?.name || nameByFolder(cameraId, folder),
      time_zone: listed?.timeZone || this.#config.timeZone,
      purpose: listed?.purpose ?? "",
    };
  }

  /** Percent of events that may be high or critical before somebody should look at how they are judged. */
  get alarmingShare(): ShareRange {
    const { alarmingMin: min, alarmingMax: max } = this.#config;
    return { min, max };
  }

  get timeZone(): string {
    return this.#config.timeZone;
  }

  /** Whether a camera has sent nothing for as long as the site's form allows. */
  isSilent({ at }: LastUpload): boolean {
    const { silentAfter } = this.#config;
    return silentAfter > 0 && this.clock.now() - toMillis(at) > silentAfter * HOUR_MS;
  }

  /** The id that the camera list gives a folder, if it does. */
  listedId(folder: string): string | undefined {
    return this.#config.cameras.find((camera) => camera.folder === folder)?.id;
  }

  /**
   * Enters a camera's folder; the answer is the folder that has the id, which may be another one. A folder that the
   * camera list names takes its id over.
   */
  claimCamera(cameraId: string, folder: string): string {
    const holder = this.#claimed.get(cameraId);
    const listed = this.listedId(folder) === cameraId;
    if (holder === folder || (holder !== undefined && !listed)) return holder;
    const now = toIso(this.clock.now());
    const claimed = this.store.transaction((tables) => tables.cameras.claim(cameraId, folder, now, listed));
    this.#claimed.set(cameraId, claimed);
    this.bus.emit("camera", cameraId);
    return claimed;
  }

  /**
   * Forgets a camera, its view and what was set for it, and takes it out of Home Assistant; its events stay. It is a new
   * one with its next upload. Throws an InputError `NO_SUCH_CAMERA`, and where the broker is away a ServerError `MQTT_OFFLINE`.
   */
  async removeCamera(cameraId: string): Promise<void> {
    const known = this.store.durableTransaction((tables) => {
      tables.views.forget(cameraId);
      return tables.cameras.remove(cameraId);
    });
    if (!known)
      throw new InputError("NO_SUCH_CAMERA", `There is no camera "${oneLine(cameraId, LONGEST_NAME)}" on this site`);
    this.#claimed.delete(cameraId);
    await this.#publisher?.forgetCamera(cameraId);
  }

  /** Takes everything out of Home Assistant, until the next start. Throws as `removeCamera` does. */
  async leaveHomeAssistant(): Promise<void> {
    await this.#publisher?.withdraw();
  }

  metNamesake(host: string): void {
    this.namesake = host;
    this.logger.error(
      `Another Vigil (on ${host}) uses the site id "${this.#config.site}" on this broker; the two overwrite each other in Home Assistant: give one of them another site id`,
    );
    this.bus.emit("worked");
  }

  /** Absolute path of a file in the site's data folder. */
  file(...parts: readonly string[]): string {
    return join(this.#files, ...parts);
  }

  /** Writes a file of the site's (`writeFileAtomic`), and makes room for the next try where the disk is full. */
  async writeFile(path: string, bytes: Buffer, options: { flush?: boolean } = {}): Promise<void> {
    try {
      await writeFileAtomic(path, bytes, options);
    } catch (error) {
      if (error instanceof StoreError && error.code === "DISK_FULL") this.store.makeRoom();
      throw error;
    }
  }

  /** Says goodbye on MQTT and closes the store. The site's users must be done with it. */
  async close(): Promise<void> {
    try {
      await this.#publisher?.close();
      await this.#link?.close();
    } finally {
      await this.#stopSafeguards();
      await this.#cleared;
      this.#closeStore();
    }
  }

  /** Work would wait for stored times that lie far ahead: after the clock was set back, now or before this start. */
  #watchClock(): () => void {
    const { clock, logger, store, bus } = this;
    return startClockWatch({
      clock,
      onParted: (byMs) => {
        store.clampTimes(clock.now());
        if (byMs === null) return;
        const what = byMs < 0 ? "was set back by" : "was set forward, or the machine slept, by";
        logger.warn(`The system's clock ${what} ${Math.round(Math.abs(byMs) / 1000)} s`);
        bus.emit("clock");
      },
      onError: (error) => logger.error(`Stored times could not be brought in line with the clock: ${error.message}`),
    });
  }

  async #clear(): Promise<void> {
    for (const folder of [THUMBNAILS, PICTURES, STILLS, INBOX]) await removeLeftovers(this.file(folder));
  }

  #makeTemporaryFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), "vigil-"));
    this.#closers.push(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }

  #closeStore(): void {
    for (const close of this.#closers.toReversed()) close();
  }
}

/** What a user must know of a database that was replaced. */
function replacement({ path, backupFrom }: SetAside): string {
  const beginning =
    backupFrom === null
      ? "no backup of it could be used, so a new one begins empty"
      : `a new one begins with the uploads that its backup of ${backupFrom} knows`;
  return `The database was corrupt, empty or missing, and what there was of it is now ${path}; ${beginning}. Events, batches and jobs of before are only in the old one`;
}

function openLink(config: SiteConfig, topics: Topics, clock: Clock, logger: Logger): MqttLink {
  return new MqttLink({
    ...brokerSettings(config),
    clientId: `vigil-${config.site}-${randomBytes(4).toString("hex")}`,
    willTopic: topics.availability,
    clock,
    logger,
  });
}
