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

  constructor(options: HealthNewsOptions) {
    this.#options = options;
  }

  /** Tells from now on. */
  start(): void {
    const { site, onError } = this.#options;
    const { signal } = this.#closing;
    site.bus.on("health", signal, (status, before) => this.#tellHealth(status, before));
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

  #tellHealth(status: SystemStatus, before: SystemStatus | null): void {
    const { health, causes, cameras, timestamp: recorded_at } = status;
    const { tell } = this.#options;
    tell({ kind: "health", health, before: before?.health ?? null, causes, recorded_at });
    const silentBefore = before?.cameras.silent ?? cameras.silent;
    const tellCamera = (silent: boolean) => (cameraId: string) => {
      const { name } = this.#options.site.camera(cameraId);
      tell({ kind: "camera", camera_id: cameraId, name, silent, recorded_at });
    };
    cameras.silent.filter((id) => !silentBefore.includes(id)).forEach(tellCamera(true));
    silentBefore.filter((id) => !cameras.silent.includes(id)).forEach(tellCamera(false));
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
