/** Bugs to plant into a copy of the sources, each of which the trial must find: else its silence proves nothing. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Aim, Disturbance } from "./plan.ts";

interface Edit {
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** Where a short trial looks for it; without, anywhere. */
  readonly aim?: Aim;
  /** What happens besides in a short trial; without, nothing. */
  readonly disturbance?: Disturbance;
  /** So many kills find it in a short trial. */
  readonly kills: number;
}

const QUEUE = "lib/store/work-queue.ts";
const RUNNER = "lib/store/job-runner.ts";

export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: "a message is answered before it is journalled",
    edits: [
      {
        file: QUEUE,
        find: "const journal = (tables: Tables) => {",
        replace:
          "store.transaction((tables) => answer(tables, delivery, clock.now()));\n    const journal = (tables: Tables) => {",
      },
    ],
    aim: { word: "VALUES('detect'", most: 6 },
    kills: 20,
  },
  {
    name: "what a timer or a watch brings is stored in one transaction and handed over in the next",
    edits: [
      {
        file: QUEUE,
        find: "send(store.transaction((tables) => handOff.prepare(tables, base, commit(tables), clock.now())));",
        replace:
          "const outputs = store.transaction(commit);\n    send(store.transaction((tables) => handOff.prepare(tables, base, outputs, clock.now())));",
      },
    ],
    aim: { word: "INSERT INTO handovers", most: 30 },
    kills: 20,
  },
  {
    name: "a job ends in one transaction and its result is stored in the next",
    edits: [
      {
        file: RUNNER,
        find: "return handOff.prepare(tables, message, result.commit(tables), now);",
        replace: "return [];",
      },
      {
        file: RUNNER,
        find: "if (sent === null) {",
        replace:
          "if (sent !== null) send(store.transaction((tables) => handOff.prepare(tables, message, result.commit(tables), clock.now())));\n    if (sent === null) {",
      },
    ],
    aim: { word: "INSERT INTO inspections", most: 6 },
    kills: 20,
  },
  {
    name: "what an instant node stores and its receipt are two transactions",
    edits: [
      {
        file: QUEUE,
        find: "const settle = (tables: Tables) => {",
        replace: "const outputs = store.transaction(commit);\n    const settle = (tables: Tables) => {",
      },
      {
        file: QUEUE,
        find: "handOff.prepare(tables, delivery.message, commit(tables), now)",
        replace: "handOff.prepare(tables, delivery.message, outputs, now)",
      },
    ],
    aim: { word: "'batch', 'ba_", most: 3 },
    kills: 30,
  },
  {
    name: "an event is stored in one transaction and queued for publication in the next",
    edits: [
      {
        file: "lib/site/store-event.ts",
        find: "tables.events.save(nodeId, event, publish)",
        replace: "tables.events.save(nodeId, event, false)",
      },
      {
        file: "lib/site/store-event.ts",
        find: 'tables.afterCommit(() => site.bus.emit("outbox"))',
        replace:
          'tables.afterCommit(() => { site.store.transaction(({ outbox }) => outbox.add("event", stored.event_id, stored.revision, stored)); site.bus.emit("outbox"); })',
      },
    ],
    aim: { word: "INSERT INTO outbox", most: 3 },
    kills: 25,
  },
  {
    name: "an event leaves the outbox before the broker has acknowledged it",
    edits: [
      {
        file: "lib/site/publisher.ts",
        find: "const packets = await this.#packetsOf(entry);",
        replace:
          "store.transaction((tables) => { tables.outbox.remove(entry.seq); tables.events.markPublished(entry.subject_id, entry.revision); });\n      const packets = await this.#packetsOf(entry);",
      },
    ],
    // Before its packets are on their way.
    aim: { word: "DELETE FROM outbox", most: 3, later: 3 },
    kills: 8,
  },
  {
    name: "what cannot be taken back is done before it is on the disk",
    edits: [{ file: "lib/store/store.ts", find: 'this.#db.pragma("synchronous = FULL");', replace: "" }],
    aim: { word: "published_revision = max", most: 30 },
    disturbance: "power",
    kills: 25,
  },
  {
    name: "messages in the air are not sent again when the flows have started",
    edits: [{ file: "lib/site/pipeline-node.ts", find: "this.#aired.due()", replace: "[]" }],
    aim: { word: "INSERT INTO handovers", most: 5, later: 2 },
    kills: 4,
  },
  {
    name: "the ids of hand-overs begin anew in each session, and are all that a receipt goes by",
    edits: [
      { file: "lib/store/store.ts", find: 'randomBytes(8).toString("hex")', replace: '"session"' },
      { file: "lib/store/handovers.ts", find: "INSERT INTO handovers(", replace: "INSERT OR REPLACE INTO handovers(" },
      {
        file: "lib/store/job-key.ts",
        find: "const content =",
        replace: "if (origin) return origin;\n  const content =",
      },
    ],
    kills: 15,
  },
  {
    name: "the timers of open batches are not armed again after a restart",
    edits: [{ file: "nodes/batch-window.ts", find: "start: () => batches.start(),", replace: "" }],
    aim: { word: "INSERT INTO batches", most: 3, later: 4 },
    kills: 7,
  },
  {
    name: "jobs of an earlier life are not taken over",
    edits: [
      {
        file: RUNNER,
        find: 'this.#depth = store.jobs.count(nodeId, "queued");',
        replace: "this.#depth += 0;",
      },
    ],
    aim: { word: "VALUES('detect'", most: 3, later: 3 },
    kills: 4,
  },
  {
    name: "the receipts of finished jobs are not kept",
    edits: [
      {
        file: "lib/store/jobs.ts",
        find: "UPDATE work SET state = 'done', settled_ms = :now, code = :code, error = NULL, msg = NULL",
        replace: "DELETE FROM work",
      },
    ],
    kills: 15,
  },
  {
    name: "the folder is not scanned at the start",
    edits: [{ file: "lib/media/folder-watch.ts", find: 'await this.#list("");', replace: "" }],
    kills: 2,
  },
  {
    name: "a verdict does not replace its estimate",
    edits: [
      { file: "lib/store/events.ts", find: "const REPLACES =", replace: 'const REPLACES = "events.final = 2" ||' },
    ],
    aim: { word: "INSERT INTO decisions", most: 8 },
    disturbance: "llm",
    kills: 10,
  },
  {
    name: "an outage ends the jobs that meet it",
    edits: [
      {
        file: "lib/resilience/errors.ts",
        find: "super(code, message, { cause, retryable: true });",
        replace: "super(code, message, { cause, retryable: false });",
      },
    ],
    aim: { word: "INSERT INTO decisions", most: 8 },
    disturbance: "detector",
    kills: 8,
  },
];

/** Copies the sources of the package at `root` into an empty folder, with the bug. Throws where its place is not found. */
export function plant({ name, edits }: PlantedBug, root: string, folder: string): void {
  for (const part of ["lib", "nodes", "package.json"])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "junction");
  for (const { file, find, replace } of edits) {
    const path = join(folder, file);
    const parts = readFileSync(path, "utf8").split(find);
    if (parts.length !== 2) {
      throw new Error(`"${name}" cannot be planted: ${file} has ${parts.length - 1} times, not once: ${find}`);
    }
    writeFileSync(path, parts.join(replace));
  }
}
