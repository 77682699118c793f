/**
 * The driver: one life of Node-RED after the other, each brought to an end in some way while cameras upload, then rest, then
 * the audit. What it finds is what Vigil has lost, doubled or got wrong.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { asError } from "../../lib/resilience/errors.ts";
import { audit } from "./accounting.ts";
import { Dice } from "./dice.ts";
import type { Finding } from "./findings.ts";
import { type Life, prepareLife } from "./life.ts";
import { type Listener, listen } from "./listener.ts";
import { type Aim, type Change, type Disturbance, Outage, type Plan, planLife } from "./plan.ts";
import { isWatched, postMortem } from "./post-mortem.ts";
import { awaitRest } from "./rest.ts";
import type { KillAt } from "./statements.ts";
import { Surroundings } from "./surroundings.ts";
import { Traffic } from "./traffic.ts";
import { User } from "./user.ts";
import { KilledWal } from "./wal.ts";
import { Wiring } from "./wiring.ts";
import { Workplace } from "./workplace.ts";

export interface SoakOptions {
  readonly kills: number;
  readonly seed: number;
  /** The folder of the package that is tried. */
  readonly sources: string;
  /** What else happens to it. */
  readonly disturbances: readonly Disturbance[];
  /** The statements at which all lives shall end; null: lives end in all sorts of ways. */
  readonly aim: Aim | null;
  /** Ends the trial with the first finding. */
  readonly stopEarly: boolean;
  /** Hears of each life. */
  onLife?(summary: string): void;
}

export interface SoakResult {
  readonly kills: number;
  readonly stills: number;
  readonly findings: readonly Finding[];
}

/** Loading Node-RED takes longer than most lives: so many wait, loaded. */
const PREPARED = 2;
const OLD_STILLS = 5;
/** Node-RED gives each node 15 seconds to close. */
const LONGEST_STOP_MS = 20_000;
const LOG_SHOWN = 2_000;

/** Runs one trial. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const workplace = new Workplace(options.sources);
  const dice = new Dice(options.seed);
  const traffic = new Traffic(workplace.cameras, workplace.spool, new Dice(dice.whole(0, 2 ** 31)));
  const surroundings = await Surroundings.start({
    memory: workplace.brokerMemory,
    disk: workplace.disk,
    sight: (sha256) => traffic.sight(sha256),
  });
  const listener = await listen(surroundings.broker.url, "vigil/soak/security_events");
  const trial = new Trial(options, { workplace, dice, traffic, surroundings, listener });
  try {
    return await trial.run();
  } finally {
    await trial.end();
    await listener.close();
    await surroundings.stop();
    workplace.remove();
  }
}

interface Parts {
  readonly workplace: Workplace;
  readonly dice: Dice;
  readonly traffic: Traffic;
  readonly surroundings: Surroundings;
  readonly listener: Listener;
}

class Trial {
  readonly #options: SoakOptions;
  readonly #parts: Parts;
  readonly #wiring: Wiring;
  readonly #user: User;
  readonly #wal: KilledWal;
  readonly #possible: readonly Disturbance[];
  readonly #findings: Finding[] = [];
  /** What goes on beyond the life in which it began. */
  readonly #troubles = new Set<Promise<void>>();
  readonly #prepared: Promise<Life>[] = [];
  /** The latest that was started. */
  #running: Life | undefined;
  #number = 0;
  #kills = 0;
  /** Whether the folder is watched: what comes before that is old. */
  #watched = false;

  constructor(options: SoakOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    const { workplace, surroundings } = parts;
    this.#possible = options.disturbances.filter((what) => !isOutage(what) || surroundings.canFail(what));
    this.#wiring = new Wiring({
      dataDir: workplace.dataDir,
      cameras: workplace.cameras,
      detectorUrl: surroundings.detectorUrl,
      llmUrl: surroundings.llmUrl,
      mqttUrl: surroundings.broker.url,
    });
    this.#user = new User(this.#wiring, parts.dice);
    this.#wal = new KilledWal(workplace.database, workplace.durableFile);
    for (let n = 0; n < PREPARED; n += 1) this.#prepare();
  }

  async run(): Promise<SoakResult> {
    const { kills, stopEarly, aim } = this.#options;
    await this.#parts.traffic.layOld(OLD_STILLS);
    const done = () => this.#kills >= kills || (stopEarly && this.#findings.length > 0);
    while (!done()) await this.#live(planLife(this.#parts.dice, this.#possible, aim));
    if (!(stopEarly && this.#findings.length > 0)) await this.#comeToRest();
    return { kills: this.#kills, stills: this.#parts.traffic.stills.length, findings: this.#findings };
  }

  /** Ends what may still run. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#troubles);
    for (const life of [this.#running, ...(await Promise.all(this.#prepared))]) {
      life?.kill("SIGKILL");
      await life?.ended;
    }
  }

  #prepare(): void {
    this.#prepared.push(prepareLife(this.#options.sources));
  }

  async #live(plan: Plan): Promise<void> {
    const { traffic } = this.#parts;
    this.#number += 1;
    traffic.begin(this.#number);
    for (let n = 0; n < plan.uploadsBefore; n += 1) await this.#upload();
    const life = await this.#start(plan.ending.how === "statement" ? plan.ending.killAt : null);
    const over = new AbortController();
    const during = [
      ...plan.uploads.map((afterMs) => at(afterMs, over.signal, () => this.#upload())),
      ...plan.interferences.map(({ afterMs, what }) =>
        at(afterMs, over.signal, () => this.#keep(this.#interfere(what, life))),
      ),
    ];
    await this.#awaitEnd(plan, life);
    over.abort();
    await Promise.all(during);
    // Until then, a power cut would make the folder one that is watched for the first time.
    const powerCut = plan.powerCut && plan.ending.how !== "term" && this.#watched;
    const lostFrames = this.#wal.afterDeath(powerCut, this.#parts.dice);
    this.#watched ||= isWatched(this.#parts.workplace.database);
    this.#examine();
    this.#options.onLife?.(`life ${this.#number}: ${JSON.stringify(plan)}, ${lostFrames} frames lost`);
  }

  async #start(killAt: KillAt | null): Promise<Life> {
    const { workplace } = this.#parts;
    const life = await this.#prepared.shift();
    if (!life) throw new Error("no life is prepared");
    this.#running = life;
    workplace.writeFlows(this.#wiring.nodes);
    const { userDir, database, durableFile } = workplace;
    await life.start({ killAt, userDir, database, durableFile });
    this.#prepare();
    return life;
  }

  async #awaitEnd({ ending, longestMs }: Plan, life: Life): Promise<void> {
    const afterMs = ending.how === "statement" ? longestMs : ending.afterMs;
    await Promise.race([life.ended, sleep(afterMs)]);
    if (ending.how === "term") return this.#stop(life);
    life.kill("SIGKILL");
    const { signal, code } = await life.ended;
    if (signal === "SIGKILL") this.#kills += 1;
    else this.#find("wrong", `Node-RED ended by itself with ${signal ?? code}:\n${life.log().slice(-LOG_SHOWN)}`);
  }

  async #stop(life: Life): Promise<void> {
    life.kill("SIGTERM");
    const late = sleep(LONGEST_STOP_MS, "late", { ref: false });
    const end = await Promise.race([life.ended, late]);
    const log = () => life.log().slice(-LOG_SHOWN);
    if (end === "late") {
      this.#find("wrong", `Node-RED did not end within ${LONGEST_STOP_MS} ms of SIGTERM:\n${log()}`);
      life.kill("SIGKILL");
      await life.ended;
    } else if (typeof end === "object" && end.code !== 0) {
      this.#find("wrong", `Node-RED ended on SIGTERM with ${end.signal ?? end.code}:\n${log()}`);
    }
  }

  /** Nothing is uploaded before the folder is known for watched, surely and for good: until then, files are old. */
  async #upload(): Promise<void> {
    if (this.#watched) await this.#parts.traffic.upload();
  }

  #interfere(what: Outage | Change, life: Life): Promise<void> {
    const { dice, surroundings } = this.#parts;
    return isOutage(what) ? surroundings.fail(what, dice) : this.#user.change(what, life);
  }

  #examine(): void {
    const { database, morgue } = this.#parts.workplace;
    const heard = this.#parts.listener.events;
    try {
      this.#add(postMortem({ database, morgue, heard, life: this.#number }));
    } catch (error) {
      this.#find("wrong", `the store cannot be read: ${asError(error).message}`);
    }
  }

  async #comeToRest(): Promise<void> {
    const { workplace, traffic, listener } = this.#parts;
    await Promise.allSettled(this.#troubles);
    await traffic.finish();
    this.#number += 1;
    const life = await this.#start(null);
    let alive = true;
    void life.ended.then(() => {
      alive = false;
    });
    const { database } = workplace;
    const { stills } = traffic;
    const undone = await awaitRest({ database, stills, listener, alive: () => alive });
    for (const what of undone) this.#find("lost", what);
    if (!alive) this.#find("wrong", `Node-RED ended by itself:\n${life.log().slice(-LOG_SHOWN)}`);
    await this.#stop(life);
    this.#examine();
    const unchecked = this.#possible.includes("disk");
    this.#add(audit({ database, stills, unchecked, heard: listener.events, life: this.#number }));
  }

  #find(kind: Finding["kind"], what: string): void {
    this.#add([{ kind, what, life: this.#number }]);
  }

  /** What stays wrong is reported once, in the life in which it first showed. */
  #add(findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (!this.#findings.some(({ what }) => what === finding.what)) this.#findings.push(finding);
    }
  }

  #keep(trouble: Promise<void>): void {
    const kept = trouble.finally(() => this.#troubles.delete(kept));
    this.#troubles.add(kept);
  }
}

/** Does something after a while, unless it is over by then. */
async function at(afterMs: number, over: AbortSignal, work: () => void | Promise<void>): Promise<void> {
  try {
    await sleep(afterMs, undefined, { signal: over });
  } catch {
    return;
  }
  await work();
}

function isOutage(what: Disturbance): what is Outage {
  return Outage.safeParse(what).success;
}
