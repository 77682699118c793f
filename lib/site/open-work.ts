/** What a node has not finished and somebody must decide on: its dead letters, and messages that nobody took. */
import { z } from "zod";
import { toIso } from "../domain/time.ts";
import { InputError } from "../resilience/errors.ts";
import { type Flows, laneId, type Orphan } from "../store/nodes.ts";
import type { Tables } from "../store/store.ts";
import { parsePayload } from "./parse-payload.ts";
import type { Site } from "./site.ts";

export interface OpenWorkOptions {
  readonly site: Site;
  readonly nodeId: string;
  /** Names of the node's lanes. */
  readonly lanes: readonly string[];
  readonly type: string;
  flows(): Flows;
  /** The node's outputs behind which a Vigil node may be. */
  leadingOn(): readonly number[];
  /** Sends messages that were put into the air again. */
  resend(handoverIds: readonly string[]): void;
  /** A dead letter about this is about to be tried again. */
  onReplay(subjectId: string): void;
  /** What a deleted node has left is this node's now. */
  onAdopt(): void;
  /** The node's jobs have changed in the store. */
  refresh(): void;
}

/** What to replay or discard: a dead letter by its number, a message by its hand-over, or everything. */
const Choice = z.union(
  [
    z.undefined().transform(() => "all" as const),
    z.literal(["", "all"]).transform(() => "all" as const),
    z.object({ id: z.union([z.int().positive(), z.string().min(1)]) }).transform(({ id }) => id),
  ],
  { error: 'must be "all", or {"id": …} with the id of a dead letter or an open message' },
);
type Choice = z.infer<typeof Choice>;

/** What to replay besides: what was sent longer ago than so many seconds and is not answered, such as by another machine. */
const Overdue = z.strictObject({ older_than: z.number().positive() });

const Replay = z.union([Choice, Overdue], {
  error: 'must be "all", {"id": …} with the id of a dead letter or an open message, or {"older_than": seconds}',
});

const Adoption = z.object({ from: z.string().min(1) }, { error: 'must be {"from": "id of the deleted node"}' });

/** As many as a person reads; the counts are always whole. */
const MOST_LISTED = 100;

export interface OpenWorkList {
  readonly dead_letters: readonly {
    id: number;
    subject_id: string | null;
    camera_id: string;
    attempts: number;
    code: string;
    error: string;
    received_at: string;
    failed_at: string;
  }[];
  readonly open: readonly {
    id: string;
    kind: string;
    subject_id: string;
    state: "air" | "unclaimed";
    sent_at: string;
  }[];
  readonly counts: { readonly queued: number; readonly dead_letters: number; readonly unclaimed: number };
  /** Deleted nodes that have left something: `adopt` takes over what one of this type has. */
  readonly orphans: readonly Orphan[];
}

export class OpenWork {
  readonly #options: OpenWorkOptions;

  constructor(options: OpenWorkOptions) {
    this.#options = options;
  }

  /** The type of the node whose work it is. */
  get type(): string {
    return this.#options.type;
  }

  list(): OpenWorkList {
    const { site, nodeId, flows } = this.#options;
    const { jobs, handovers, nodes } = site.store;
    return {
      counts: {
        queued: this.#queues.reduce((sum, queue) => sum + jobs.count(queue, "queued"), 0),
        dead_letters: this.#queues.reduce((sum, queue) => sum + jobs.count(queue, "dead"), 0),
        unclaimed: handovers.countLeft(nodeId),
      },
      dead_letters: this.#queues
        .flatMap((queue) => jobs.listDead(queue, MOST_LISTED))
        .map(({ job_id, created_ms, settled_ms, ...letter }) => ({
          id: job_id,
          ...letter,
          received_at: toIso(created_ms),
          failed_at: toIso(settled_ms),
        })),
      open: handovers.listOpen(nodeId, MOST_LISTED).map(({ handover_id, created_ms, ...message }) => ({
        id: handover_id,
        ...message,
        sent_at: toIso(created_ms),
      })),
      orphans: nodes.orphans(flows()),
    };
  }

  /**
   * Tries dead letters again from the start, and sends unclaimed messages again; "all" leaves those that went to users'
   * own nodes only. `older_than` sends again what is overdue. Throws an InputError.
   */
  replay(payload: unknown): { replayed: number } {
    const { site, nodeId, leadingOn, resend, refresh, onReplay } = this.#options;
    const choice = parsePayload(Replay, payload);
    const now = site.clock.now();
    if (typeof choice === "object") {
      const before = now - choice.older_than * 1000;
      const overdue = this.#change((tables) => tables.handovers.sendOverdue(nodeId, before, now));
      refresh();
      resend(overdue);
      return { replayed: overdue.length };
    }
    const { revived, reopened } = this.#change((tables) => ({
      revived:
        typeof choice === "number" || choice === "all"
          ? this.#queues.flatMap((queue) => tables.jobs.revive(queue, choice, now))
          : [],
      reopened: typeof choice === "string" ? tables.handovers.reopen(nodeId, choice, leadingOn()) : [],
    }));
    const replayed = revived.length + reopened.length;
    checkFound(choice, replayed);
    try {
      for (const subjectId of revived) if (subjectId !== null) onReplay(subjectId);
    } finally {
      refresh();
      resend(reopened);
    }
    return { replayed };
  }

  /** Gives dead letters and unclaimed messages up, or all that a deleted node has left. Throws an InputError. */
  discard(payload: unknown): { discarded: number } {
    const { site, nodeId, refresh } = this.#options;
    const orphaned = Adoption.safeParse(payload);
    if (orphaned.success) {
      const { identity } = this.#orphan(orphaned.data.from);
      return { discarded: this.#change((tables) => tables.nodes.discardWork(identity, site.clock.now())) };
    }
    const choice = parsePayload(Choice, payload);
    const now = site.clock.now();
    const discarded = this.#change(({ jobs, handovers }) => {
      const isJob = typeof choice === "number" || choice === "all";
      const letters = isJob ? this.#queues.map((queue) => jobs.discard(queue, choice, now)) : [];
      const messages = typeof choice === "string" ? handovers.discard(nodeId, choice) : 0;
      return letters.reduce((sum, count) => sum + count, messages);
    });
    checkFound(choice, discarded);
    refresh();
    return { discarded };
  }

  /** Takes over what a deleted node of this type has left. Throws an InputError. */
  adopt(payload: unknown): { adopted: Orphan } {
    const { site, nodeId, type, resend, refresh, onAdopt } = this.#options;
    const orphan = this.#orphan(parsePayload(Adoption, payload).from);
    if (orphan.type !== type) {
      throw new InputError(
        "OTHER_TYPE",
        `"${orphan.identity}" was a ${orphan.type}; only a ${orphan.type} can adopt its work`,
      );
    }
    this.#change((tables) => tables.nodes.moveWork(orphan.identity, nodeId));
    onAdopt();
    refresh();
    resend(site.store.handovers.toResend(nodeId, site.clock.now()));
    return { adopted: orphan };
  }

  /** By the names that the store has for them. */
  get #queues(): readonly string[] {
    const { nodeId, lanes } = this.#options;
    return [nodeId, ...lanes.map((lane) => laneId(nodeId, lane))];
  }

  #orphan(identity: string): Orphan {
    const { site, flows } = this.#options;
    const orphan = site.store.nodes.orphans(flows()).find((each) => each.identity === identity);
    if (orphan) return orphan;
    throw new InputError("NO_ORPHAN", `No deleted node "${identity}" has left anything; "list" names those that have`);
  }

  /** The answer to a command is a promise: what it says must be on the disk. */
  #change<T>(change: (tables: Tables) => T): T {
    return this.#options.site.store.durableTransaction(change);
  }
}

function checkFound(choice: Choice, count: number): void {
  if (choice === "all" || count > 0) return;
  throw new InputError("NOT_FOUND", `There is nothing with the id ${JSON.stringify(choice)} to replay or discard here`);
}
