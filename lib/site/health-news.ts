/** Tells a flow what has changed about a site's health, and which service should be started again. */
import type { ServiceStatus, SystemStatus } from "../domain/system-status.ts";
import { toIso } from "../domain/time.ts";
import { type RestartPolicy, RestartSchedule } from "../ops/restart-schedule.ts";
import { asError } from "../resilience/errors.ts";
import { repeat } from "../resilience/repeat.ts";
import type { Site } from "./site.ts";
import { serviceStatuses } from "./system-status.ts";

export interface HealthNewsOptions {
  readonly site: Site;
  /** For AI servers. */
  readonly policy: RestartPolicy;
  /** Sends what leaves the node. */
  tell(payload: object): void;
  onError(error: Error): void;
}

/** Services are looked at so often: what was found out of each is there, so that none waits for another. */
const LOOK_MS = 1_000;
/** A broker has no model to load. */
const BROKER_GRACE_MS = 10_000;

export class HealthNews {
  readonly #options: HealthNewsOptions;
  readonly #closing = new AbortController();
  /** By service and address. */
  readonly #schedules = new Map<string, RestartSchedule>();
  /** Ids of cameras, when the store last told; null before. */
  #silent: readonly string[] | null = null;

  constructor(options: HealthNewsOptions) {
    this.#options = options;
  }

  /** Tells from now on. */
  start(): void {
    const { site, tell, onError } = this.#options;
    const { signal } = this.#closing;
    site.bus.on("status", signal, (status) => this.#tellCameras(status));
    site.bus.on("health", signal, ({ health, causes, timestamp }, before) => {
      tell({ kind: "health", health, before: before?.health ?? null, causes, recorded_at: timestamp });
    });
    const cancel = repeat(
      site.clock,
      LOOK_MS,
      (error) => onError(asError(error)),
      () => this.#lookAtServices(),
    );
    signal.addEventListener("abort", cancel);
  }

  close(): void {
    this.#closing.abort();
  }

  #tellCameras({ cameras, timestamp: recorded_at }: SystemStatus): void {
    if (cameras.total === null) return;
    const { site, tell } = this.#options;
    const now = cameras.silent;
    const before = this.#silent ?? now;
    this.#silent = now;
    const tellOf = (camera_id: string, silent: boolean) =>
      tell({ kind: "camera", camera_id, name: site.camera(camera_id).name, silent, recorded_at });
    for (const id of now) if (!before.includes(id)) tellOf(id, true);
    // One that was removed is not back.
    for (const id of before) if (!now.includes(id) && site.store.cameras.lastUpload(id)) tellOf(id, false);
  }

  #lookAtServices(): void {
    const statuses = new Map(serviceStatuses(this.#options.site).map((status) => [keyOf(status), status]));
    for (const key of [...this.#schedules.keys()]) if (!statuses.has(key)) this.#schedules.delete(key);
    for (const [key, status] of statuses) this.#lookAt(key, status);
  }

  #lookAt(key: string, { service, address, state, reason }: ServiceStatus): void {
    const { site, policy, tell } = this.#options;
    const ofService = service === "mqtt" ? { ...policy, graceMs: Math.min(policy.graceMs, BROKER_GRACE_MS) } : policy;
    const schedule = this.#schedules.get(key) ?? new RestartSchedule(ofService);
    this.#schedules.set(key, schedule);
    const step = schedule.see(state, site.clock.monotonic());
    if (step === null) return;
    const recorded_at = toIso(site.clock.now());
    tell({ kind: "server", ...step, attempts: policy.attempts, service, address, reason, recorded_at });
  }
}

function keyOf({ service, address }: ServiceStatus): string {
  return `${service} ${address}`;
}
