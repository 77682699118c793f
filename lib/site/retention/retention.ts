/** What `retention` does: deletes what is past its limits, daily and when it is told to, and says what came of it. */
import { z } from "zod";
import { localTime } from "../../analyze/local-time.ts";
import type { RetentionResult } from "../../domain/retention.ts";
import { toIso, toMillis } from "../../domain/time.ts";
import { lastDaily, nextDaily } from "../../ops/retention/schedule.ts";
import { asError, InputError, VigilError } from "../../resilience/errors.ts";
import type { Command, Workspace } from "../behaviour.ts";
import type { Site } from "../site.ts";
import { type RetentionOptions, runRetention } from "./run.ts";

export interface RetentionNodeOptions extends Omit<RetentionOptions, "site"> {
  readonly workspace: Pick<Workspace, "act" | "nodeId" | "report" | "site">;
  /** `HH:MM` on the site's clock; null: only when it is told to. */
  readonly time: string | null;
  /** It only says what would go. */
  readonly dryRun: boolean;
  /** What the status shows has changed. */
  onChange(): void;
}

const RESULT_PORT = 0;
/** After the rush of a start. */
const CATCH_UP_MS = 60_000;
/** Timers stand still while a machine sleeps. */
const LONGEST_WAIT_MS = 60 * 60_000;

const EventChoice = z.union([
  z.string().min(1),
  z.object({ event_id: z.string().min(1) }).transform((of) => of.event_id),
]);

/** The sites on which a run is under way: two would be in each other's way. */
const busy = new WeakSet<Site>();

export class Retention {
  readonly #options: RetentionNodeOptions;
  readonly #closing = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #removed: number | null = null;
  #dueMs: number | null = null;
  #cancel = () => {};

  constructor(options: RetentionNodeOptions) {
    this.#options = options;
    // What fell due while the clock was set is due another time: the clock may have been days off.
    options.workspace.site.bus.on("clock", this.#closing.signal, () => this.#arm());
  }

  get commands(): Readonly<Record<string, Command>> {
    return {
      run: () => this.run({ dryRun: false }),
      dry_run: () => this.run({ dryRun: true }),
      star: (payload) => this.#star(payload, true),
      unstar: (payload) => this.#star(payload, false),
    };
  }

  /** How many records and files the run that is under way has deleted; null where none is. */
  get removed(): number | null {
    return this.#removed;
  }

  /** When the next run is due, as `HH:MM` on the site's clock; null where none is planned. */
  get dueAt(): string | null {
    const { timeZone } = this.#options.workspace.site;
    return this.#dueMs === null ? null : localTime(toIso(this.#dueMs), timeZone).time.slice(0, 5);
  }

  /** Brings what was cut off to its end soon, and what was missed; then waits for its time. */
  start(): void {
    const { workspace, time } = this.#options;
    const { clock, store, timeZone } = workspace.site;
    const last = store.retentionRuns.last(workspace.nodeId);
    const isCutOff = last !== undefined && last.result === null;
    const isMissed =
      last !== undefined && time !== null && toMillis(last.started_at) < lastDaily(time, timeZone, clock.now());
    if (isCutOff || isMissed) this.#wait(clock.now() + CATCH_UP_MS);
    else this.#arm();
  }

  /**
   * Runs now; the result leaves by the first output too, and says what went wrong. Throws an InputError `ALREADY_RUNNING`,
   * and a VigilError `CUT_OFF` where the node closes.
   */
  async run({ dryRun }: { dryRun: boolean }): Promise<RetentionResult> {
    const { workspace, onChange, ...options } = this.#options;
    const { site, nodeId } = workspace;
    if (busy.has(site)) throw new InputError("ALREADY_RUNNING", "A run of retention is under way on this site");
    busy.add(site);
    this.#removed = 0;
    const work = async () => {
      const startedAt = toIso(site.clock.now());
      if (!dryRun) site.store.transaction((tables) => tables.retentionRuns.begin(nodeId, startedAt));
      this.#changed();
      const result = await runRetention({
        ...options,
        site,
        dryRun,
        signal: this.#closing.signal,
        onProgress: (tally) => {
          this.#removed = tally.pictures + tally.originals + tally.events + tally.inspections + tally.uploads;
          onChange();
        },
      });
      if (result.error !== null) workspace.report(new Error(`Retention ended early: ${result.error}`));
      workspace.act({}, (tables) => {
        if (!dryRun) tables.retentionRuns.end(nodeId, result);
        return [{ port: RESULT_PORT, topic: "retention", payload: result, subject: null }];
      });
      return result;
    };
    const running = work()
      .catch((error) => {
        if (!this.#closing.signal.aborted) throw error;
        throw new VigilError("CUT_OFF", "The run of retention was cut off, and goes on after the restart");
      })
      .finally(() => {
        busy.delete(site);
        this.#removed = null;
        this.#changed();
      });
    this.#running = running.catch(() => {});
    return await running;
  }

  /** A message asks for a run, as the form has it. */
  async trigger(): Promise<void> {
    await this.run(this.#options);
  }

  /** Ends what is under way: it goes on after the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#cancel();
    await this.#running;
  }

  #star(payload: unknown, starred: boolean): { event_id: string; starred: boolean } {
    const { store } = this.#options.workspace.site;
    const choice = EventChoice.safeParse(payload);
    if (!choice.success) throw new InputError("BAD_PAYLOAD", "msg.payload must be the id of an event");
    const known = store.durableTransaction((tables) => tables.events.star(choice.data, starred));
    if (!known) throw new InputError("NO_SUCH_EVENT", `There is no event "${choice.data}" on this site`);
    return { event_id: choice.data, starred };
  }

  #arm(): void {
    const { time, workspace } = this.#options;
    const { clock, timeZone } = workspace.site;
    if (time !== null) this.#wait(nextDaily(time, timeZone, clock.now()));
  }

  #wait(dueMs: number): void {
    if (this.#closing.signal.aborted) return;
    const { clock } = this.#options.workspace.site;
    this.#dueMs = dueMs;
    this.#cancel();
    this.#cancel = clock.after(Math.min(dueMs - clock.now(), LONGEST_WAIT_MS), () => {
      if (clock.now() < dueMs) this.#wait(dueMs);
      else void this.#runByItself();
    });
    this.#options.onChange();
  }

  async #runByItself(): Promise<void> {
    try {
      await this.run(this.#options);
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.workspace.report(asError(error));
    }
    this.#arm();
  }

  #changed(): void {
    const { workspace, onChange } = this.#options;
    onChange();
    workspace.site.bus.emit("retention");
  }
}
