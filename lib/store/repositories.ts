/** The tables of a store, each by the repository that alone reads and writes it. */
import type { Database } from "better-sqlite3";
import { Alerts } from "./alerts.ts";
import { Baselines } from "./baselines.ts";
import { Batches } from "./batches.ts";
import { Cameras } from "./cameras.ts";
import { Claims } from "./claims.ts";
import { CostSums } from "./costs.ts";
import { Events } from "./events.ts";
import { Feedback } from "./feedback.ts";
import { FoundFiles } from "./found-files.ts";
import { Handovers } from "./handovers.ts";
import { Hazards } from "./hazards.ts";
import { Inspections } from "./inspections.ts";
import { Jobs } from "./jobs.ts";
import { JudgedBatches } from "./judged-batches.ts";
import { Neighbours } from "./neighbours.ts";
import { Nodes } from "./nodes.ts";
import { Outbox } from "./outbox.ts";
import { ParkedJobs } from "./parked-jobs.ts";
import { Pressure } from "./pressure.ts";
import { Prompts } from "./prompts.ts";
import { Roots } from "./roots.ts";
import { Settings } from "./settings.ts";
import { Stays } from "./stays.ts";
import { Totals } from "./totals.ts";
import { Uploads } from "./uploads.ts";
import { Verdicts } from "./verdicts.ts";

export class Repositories {
  readonly alerts: Alerts;
  readonly baselines: Baselines;
  readonly batches: Batches;
  readonly cameras: Cameras;
  readonly claims: Claims;
  readonly costs: CostSums;
  readonly events: Events;
  readonly feedback: Feedback;
  readonly found: FoundFiles;
  readonly handovers: Handovers;
  readonly hazards: Hazards;
  readonly inspections: Inspections;
  readonly jobs: Jobs;
  readonly judged: JudgedBatches;
  readonly neighbours: Neighbours;
  readonly nodes: Nodes;
  readonly outbox: Outbox;
  readonly parked: ParkedJobs;
  readonly pressure: Pressure;
  readonly prompts: Prompts;
  readonly roots: Roots;
  readonly settings: Settings;
  readonly stays: Stays;
  readonly totals: Totals;
  readonly uploads: Uploads;
  readonly verdicts: Verdicts;

  /** `session`: what makes hand-over ids unique. `guard`: what comes between a repository and whoever calls it. */
  constructor(db: Database, session: string, guard: <T extends object>(repository: T) => T) {
    this.alerts = guard(new Alerts(db));
    this.cameras = guard(new Cameras(db));
    this.claims = guard(new Claims(db));
    this.costs = guard(new CostSums(db));
    this.handovers = guard(new Handovers(db, session));
    this.hazards = guard(new Hazards(db));
    this.jobs = guard(new Jobs(db));
    this.judged = guard(new JudgedBatches(db));
    this.neighbours = guard(new Neighbours(db));
    this.nodes = guard(new Nodes(db));
    this.outbox = guard(new Outbox(db));
    this.parked = guard(new ParkedJobs(db));
    this.totals = guard(new Totals(db));
    this.verdicts = guard(new Verdicts(db));
    this.events = guard(new Events(db, this.outbox, this.verdicts));
    this.pressure = guard(new Pressure(db));
    this.prompts = guard(new Prompts(db));
    this.feedback = guard(new Feedback(db));
    this.roots = guard(new Roots(db));
    this.settings = guard(new Settings(db));
    this.stays = guard(new Stays(db));
    this.baselines = guard(new Baselines(db));
    this.found = guard(new FoundFiles(db));
    this.uploads = guard(new Uploads(db));
    this.inspections = guard(new Inspections(db));
    this.batches = guard(new Batches(db, this.uploads, this.inspections));
  }
}
