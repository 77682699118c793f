/** Whether a site is well: what is wrong with it, and how bad that is. */
import type { Cause, DiskStatus, Service, ServiceStatus, SiteHealth } from "../domain/system-status.ts";

/** What is to be known of a site to judge it. */
export interface SiteFacts {
  readonly services: readonly Pick<ServiceStatus, "service" | "state">[];
  /** Why the store cannot answer; null where it does. */
  readonly storeFault: string | null;
  /** Whether the last run of retention has failed, or left less room than it was told to. */
  readonly retention: "failed" | "short" | null;
  /** Whether the database was replaced when the site opened. */
  readonly storeReplaced: boolean;
  /** Jobs. */
  readonly dead: number;
  /** Messages. */
  readonly open: number;
  /** Jobs that wait; null where nobody knows. */
  readonly waiting: { readonly detect: number | null; readonly analyze: number | null };
  readonly disk: DiskStatus | null;
  /** Of the connection to it; null for a site that has none. */
  readonly homeAssistant: string | null;
  /** The host of another Vigil with this site's name. */
  readonly namesake: string | null;
  /** Ids of cameras. */
  readonly silent: readonly string[];
  /** What is wrong with what cameras look at, a sentence each. */
  readonly views: readonly string[];
  /** What is wrong with how many events are high or critical; null where nothing is. */
  readonly shares: string | null;
  readonly gpus: readonly { readonly name: string; readonly fault: string }[];
}

/** From here on a queue is a backlog. */
const BACKLOG = { detect: 100, analyze: 50 } as const;
/** A share alone says little: a tenth of a large disk is room for years. */
const DISK = {
  degraded: { percent: 80, freeMib: 20 * 1024 },
  unhealthy: { percent: 90, freeMib: 2 * 1024 },
} as const;

/** Without its detector a site sees nothing; without its model rules judge, and without the broker all is published later. */
const DOWN: Readonly<Record<Service, Cause>> = {
  detector: { part: "server", health: "unhealthy", text: "the detector's server does not answer" },
  llm: { part: "server", health: "degraded", text: "the language model's server does not answer" },
  ai: { part: "server", health: "degraded", text: "an AI service does not answer" },
  mqtt: { part: "broker", health: "degraded", text: "the MQTT broker does not answer" },
};

/** All that is wrong, the worst first. */
export function causesOf(facts: SiteFacts): Cause[] {
  const down = new Set(facts.services.filter(({ state }) => state === "down").map(({ service }) => service));
  const causes = [
    ...storeCauses(facts),
    ...diskCauses(facts.disk),
    ...[...down].map((service) => DOWN[service]),
    ...retentionCauses(facts.retention),
    ...(facts.dead > 0 ? [degraded("node", `dead letters: ${facts.dead}`)] : []),
    ...(facts.open > 0 ? [degraded("node", `messages left open: ${facts.open}`)] : []),
    ...queueCauses(facts.waiting),
    ...homeAssistantCauses(facts.homeAssistant),
    ...(facts.namesake === null ? [] : [degraded("site", `another Vigil, on ${facts.namesake}, uses this site's id`)]),
    ...facts.silent.map((cameraId) => degraded("camera", `${cameraId} is silent`)),
    ...facts.views.map((problem) => degraded("camera", problem)),
    ...(facts.shares === null ? [] : [degraded("site", facts.shares)]),
    ...facts.gpus.map(({ name, fault }) => degraded("gpu", `${name}: ${fault}`)),
  ];
  return [
    ...causes.filter(({ health }) => health === "unhealthy"),
    ...causes.filter(({ health }) => health === "degraded"),
  ];
}

/** As well as the worst cause lets it be. */
export function healthOf(causes: readonly Cause[]): SiteHealth {
  if (causes.length === 0) return "healthy";
  return causes.some(({ health }) => health === "unhealthy") ? "unhealthy" : "degraded";
}

function storeCauses({ storeFault, storeReplaced }: SiteFacts): Cause[] {
  if (storeFault !== null) return [unhealthy("store", `the store fails: ${storeFault}`)];
  return storeReplaced ? [degraded("store", "the database was damaged, and a new one has begun")] : [];
}

function diskCauses(disk: DiskStatus | null): Cause[] {
  if (disk === null) return [];
  const isShort = ({ percent, freeMib }: { percent: number; freeMib: number }) =>
    disk.used_percent >= percent && disk.free_mib < freeMib;
  if (isShort(DISK.unhealthy)) return [unhealthy("disk", "the data folder's disk is almost full")];
  return isShort(DISK.degraded) ? [degraded("disk", "the data folder's disk fills up")] : [];
}

function retentionCauses(last: SiteFacts["retention"]): Cause[] {
  if (last === "failed") return [degraded("disk", "retention has failed")];
  return last === "short" ? [degraded("disk", "retention may delete no more, and there is too little room")] : [];
}

/** In words that do not change with each job. */
function queueCauses({ detect, analyze }: SiteFacts["waiting"]): Cause[] {
  return [
    ...(detect !== null && detect > BACKLOG.detect
      ? [degraded("queue", `more than ${BACKLOG.detect} jobs wait for detection`)]
      : []),
    ...(analyze !== null && analyze > BACKLOG.analyze
      ? [degraded("queue", `more than ${BACKLOG.analyze} jobs wait for analysis`)]
      : []),
  ];
}

function homeAssistantCauses(state: string | null): Cause[] {
  if (state === "unreachable") return [degraded("home_assistant", "Home Assistant does not answer")];
  return state === "refused" ? [degraded("home_assistant", "Home Assistant refuses the token")] : [];
}

function degraded(part: Cause["part"], text: string): Cause {
  return { part, health: "degraded", text };
}

function unhealthy(part: Cause["part"], text: string): Cause {
  return { part, health: "unhealthy", text };
}
