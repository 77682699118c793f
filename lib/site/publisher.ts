/** Publishes what enters the site's store: discovery, state and events, over the site's one MQTT link. */
import { relative } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { PublishedAlert } from "../domain/alert.ts";
import type { Detected } from "../domain/detection.ts";
import { EventRecord } from "../domain/event.ts";
import type { MqttPacket } from "../domain/mqtt-packet.ts";
import { alertPackets, detectionPackets, eventPackets, retainedPackets, statusPacket } from "../homeassistant/state.ts";
import { openInside } from "../media/open-file.ts";
import { readAndClose } from "../media/read-file.ts";
import type { MqttLink } from "../mqtt/link.ts";
import { asError } from "../resilience/errors.ts";
import { jsonIn } from "../resilience/json.ts";
import type { OutboxEntry } from "../store/outbox.ts";
import { Announcer } from "./announcer.ts";
import { EntityStates } from "./entity-states.ts";
import { obeyFeedbackCommands } from "./feedback.ts";
import { watchForNamesakes } from "./namesake.ts";
import { obeyOpenWorkCommands } from "./open-work-commands.ts";
import { PICTURES, type Site, THUMBNAILS } from "./site.ts";
import { systemStatus } from "./system-status.ts";
import { VERSION } from "./version.ts";

export interface PublisherOptions {
  readonly site: string;
  readonly discoveryPrefix: string;
}

/** Home Assistant asks for a random delay after its birth message, to spread the load on the broker. */
const BIRTH_DELAY_MS = { least: 1_000, spread: 4_000 };
/** An answer that a live broker owes comes sooner. */
const CLOSE_MS = 1_000;
const RETRY_MS = 5_000;

export class Publisher {
  readonly #site: Site;
  readonly #link: MqttLink;
  readonly #announcer: Announcer;
  readonly #closing = new AbortController();
  /** What is being published: one thing after the other, so that a picture never overtakes a later one. */
  #last: Promise<void> = Promise.resolve();
  /** The outbox entry that the broker has already, where the store could not take it out. */
  #delivered: number | null = null;
  #cancelRetry = () => {};
  #cancelBirth = () => {};

  constructor(site: Site, link: MqttLink, options: PublisherOptions) {
    this.#site = site;
    this.#link = link;
    const states = new EntityStates(site, this.#closing.signal, (packets) => {
      if (link.connected) this.#publish(packets).catch((error) => this.#report(error));
    });
    this.#announcer = new Announcer({
      site,
      link,
      states,
      discovery: {
        siteId: options.site,
        siteName: options.site,
        topics: site.topics,
        discoveryPrefix: options.discoveryPrefix,
        version: VERSION,
      },
      publish: (packets) => this.#publish(packets),
    });
    link.onConnect(() => this.#announce(false));
    site.bus.on("camera", this.#closing.signal, (cameraId) => {
      if (link.connected) this.#inTurn(() => this.#announcer.announceCamera(cameraId));
    });
    site.bus.on("gpu", this.#closing.signal, () => {
      if (link.connected) this.#inTurn(() => this.#announcer.announceGpus());
    });
    site.bus.on("status", this.#closing.signal, (status) => {
      if (link.connected) this.#publish([statusPacket(status, site.topics)]).catch((error) => this.#report(error));
    });
    site.bus.on("outbox", this.#closing.signal, () => this.#inTurn(() => this.#drain()));
    site.bus.on("detected", this.#closing.signal, (detected) => {
      if (link.connected) this.#inTurn(() => this.#publishDetected(detected));
    });
    const birthTopic = `${options.discoveryPrefix}/status`;
    link.subscribe(birthTopic, (payload, retained) => this.#onBirth(payload, retained));
    obeyOpenWorkCommands(site, link);
    obeyFeedbackCommands(site, link);
    watchForNamesakes(site, link, (host) => site.metNamesake(host));
  }

  /** Begins nothing new, and lets what is on its way arrive: else it would be published again after the restart. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancelBirth();
    this.#cancelRetry();
    await Promise.race([this.#last, delay(CLOSE_MS, undefined, { ref: false })]);
  }

  #onBirth(payload: Buffer, retained: boolean): void {
    if (retained || payload.toString() !== "online") return;
    this.#cancelBirth();
    const wait = BIRTH_DELAY_MS.least + Math.random() * BIRTH_DELAY_MS.spread;
    this.#cancelBirth = this.#site.clock.after(wait, () => this.#announce(true));
  }

  /** Takes a camera out of Home Assistant that the store does not know any more. */
  forgetCamera(cameraId: string): Promise<void> {
    return this.#turnOf(() => this.#announcer.forgetCamera(cameraId));
  }

  /** Takes everything out of Home Assistant, until the next start. */
  withdraw(): Promise<void> {
    return this.#turnOf(() => this.#announcer.withdraw());
  }

  /** The hub and the cameras with the state of each one's latest event, then what waits in the outbox. */
  #announce(isNew: boolean): void {
    const announcer = this.#announcer;
    this.#inTurn(async () => {
      await announcer.announce({ isNew });
      const { logger, store, topics } = this.#site;
      const latest = store.events.latestPublished((eventId) =>
        logger.error(`The event ${eventId} cannot be read any more and is not published again`),
      );
      for (const event of latest) {
        await announcer.announceCamera(event.camera_id);
        const picture = await this.#picture(THUMBNAILS, event.thumbnail_path);
        await announcer.publishNew(retainedPackets(event, topics, picture));
      }
      await this.#publish([statusPacket(systemStatus(this.#site), topics)]);
      this.#inTurn(() => this.#drain());
    });
  }

  /** Hands the packets over in turn and does not wait for the answers: an event that follows must not wait for them. */
  async #publishDetected(detected: Detected): Promise<void> {
    await this.#announcer.introduceCamera(detected.upload.camera_id);
    const packets = detectionPackets(
      detected,
      this.#site.topics,
      await this.#picture(THUMBNAILS, detected.thumbnail_path),
    );
    this.#publish(packets).catch((error) => this.#report(error));
  }

  /**
   * Takes the oldest record out of the outbox when the broker has all of its messages, and then the next in a turn of its
   * own: what was detected meanwhile belongs before its event.
   */
  async #drain(): Promise<void> {
    if (!this.#link.connected || this.#closing.signal.aborted) return;
    const entry = this.#site.store.outbox.next();
    if (!entry) return;
    await this.#publishEntry(entry);
    this.#inTurn(() => this.#drain());
  }

  async #publishEntry(entry: OutboxEntry): Promise<void> {
    const { store } = this.#site;
    if (entry.seq !== this.#delivered) {
      const packets = await this.#packetsOf(entry);
      if (this.#closing.signal.aborted) return;
      if (packets === null) {
        this.#site.logger.error(`The ${entry.kind} ${entry.subject_id} cannot be read any more and is not published`);
        store.transaction((tables) => tables.outbox.remove(entry.seq));
        return;
      }
      // Publishing cannot be taken back: what it tells of must be on the disk.
      store.durableTransaction((tables) => tables.outbox.attempt(entry.seq));
      await this.#publish(packets);
      this.#delivered = entry.seq;
    }
    store.transaction((tables) => {
      tables.outbox.remove(entry.seq);
      if (entry.kind === "event") tables.events.markPublished(entry.subject_id, entry.revision);
    });
  }

  /** What an entry means to MQTT; null for one that another version of Vigil wrote so that nobody can read it. */
  async #packetsOf({ kind, payload }: OutboxEntry): Promise<MqttPacket[] | null> {
    const { topics } = this.#site;
    if (kind === "alert") {
      const alert = PublishedAlert.safeParse(jsonIn(payload)).data;
      if (!alert) return null;
      await this.#announcer.introduceCamera(alert.camera_id);
      return alertPackets(alert, topics, await this.#picture(PICTURES, alert.event.picture_path));
    }
    const event = EventRecord.safeParse(jsonIn(payload)).data;
    if (!event) return null;
    await this.#announcer.introduceCamera(event.camera_id);
    const picture = await this.#picture(THUMBNAILS, event.thumbnail_path);
    return eventPackets(event, topics, picture, this.#site.store.events.standing(event.event_id));
  }

  /**
   * The picture that a record names, if it is one of the site's own of this kind: records come from elsewhere too, and
   * what they name must not be read and published. One that retention has removed is no reason to hold an event back.
   */
  async #picture(kind: string, path: string | null): Promise<Buffer | null> {
    if (path === null) return null;
    const folder = this.#site.file(kind);
    try {
      return (await readAndClose(await openInside(folder, relative(folder, path)))).bytes;
    } catch {
      return null;
    }
  }

  /** The link keeps the order, and the answer comes when the broker has them all. */
  async #publish(packets: readonly MqttPacket[]): Promise<void> {
    await Promise.all(packets.map((packet) => this.#link.publish(packet)));
  }

  #inTurn(work: () => Promise<void>): void {
    // What it rejects with has been dealt with.
    void this.#turnOf(work);
  }

  /** Rejects where the work does. */
  #turnOf(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(work);
    this.#last = turn.catch((error) => {
      if (!this.#report(error)) return;
      this.#cancelRetry();
      this.#cancelRetry = this.#site.clock.after(RETRY_MS, () => this.#announce(false));
    });
    return turn;
  }

  /**
   * Whether this was an error. A broker that went away is none: the link reconnects, and then everything is announced
   * again.
   */
  #report(error: unknown): boolean {
    if (this.#closing.signal.aborted || !this.#link.connected) return false;
    this.#site.logger.error(`Publishing failed, and is tried again: ${asError(error).message}`);
    return true;
  }
}
