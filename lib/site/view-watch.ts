/** Watches what the cameras look at: learns it, and notices views that are blocked, moved, out of focus or frozen. */
import { colourOf, isPlain, judge } from "../context/scene/judge.ts";
import { isEstablished } from "../context/scene/view.ts";
import { differenceIn, middleOf, stateOf, watched } from "../context/scene/watch.ts";
import type { Detection } from "../domain/detection.ts";
import type { Grey, Pixels } from "../domain/pixels.ts";
import { toIso, toMillis } from "../domain/time.ts";
import type { Upload } from "../domain/upload.ts";
import type { Difference, ViewState } from "../domain/view.ts";
import { Allowance } from "../resilience/allowance.ts";
import type { Clock } from "../resilience/clock.ts";
import { asError } from "../resilience/errors.ts";
import type { Logger } from "../resilience/logger.ts";
import { repeat } from "../resilience/repeat.ts";
import type { Store, Tables } from "../store/store.ts";
import type { SiteBus } from "./bus.ts";
import { isLive } from "./live.ts";

/** What lasts becomes so without anybody's doing. */
const LOOK_MS = 60_000;
/**
 * A burst is looked at whole. What goes on is looked at less often: each look takes some 10 ms, and a view that lasts for
 * minutes shows in any of its pictures.
 */
const LOOKS_AT_ONCE = 10;
const LOOK_BACK_MS = 6_000;
/** Smaller pictures, and very long ones, have nothing to compare. */
const LEAST_SIDE = 24;

const PROBLEMS: Readonly<Record<Exclude<ViewState, "ok">, string>> = {
  blocked: "shows next to nothing: its view is blocked",
  moved: "shows something else: it was moved",
  defocused: "is out of focus",
  frozen: "sends the same picture again and again",
};

/** A picture that was looked at, small. */
export interface SeenPicture {
  readonly preview: Pixels;
  readonly grey: Grey;
  readonly detections: readonly Detection[];
}

/** What is odd about a view, for a model: from the first picture on, whether it lasts or not. */
export interface Oddity {
  readonly view: Difference | "frozen";
  readonly since: string;
  /** In a row. */
  readonly pictures: number;
  /** Whether it has lasted for long enough to be told to people. */
  readonly lasting: boolean;
}

export interface ViewWatchOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly bus: SiteBus;
  readonly logger: Logger;
}

export class ViewWatch {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #bus: SiteBus;
  readonly #logger: Logger;
  /** By camera. */
  readonly #looks = new Map<string, Allowance>();
  /** Nodes that watch. */
  #watchers = 0;

  constructor({ store, clock, bus, logger }: ViewWatchOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#bus = bus;
    this.#logger = logger;
  }

  /** Watches, until the answer is called. */
  start(): () => void {
    this.#watchers++;
    const onError = (error: unknown) =>
      this.#logger.warn(`The cameras' views could not be judged: ${asError(error).message}`);
    const cancel = repeat(this.#clock, LOOK_MS, onError, () => this.#look());
    return () => {
      cancel();
      this.#watchers--;
    };
  }

  /** Whether a picture is worth a look, which is then counted as taken. */
  wants({ camera_id, captured_at }: Upload): boolean {
    if (!isLive(captured_at, this.#clock.now())) return false;
    const looks = this.#looks.get(camera_id) ?? new Allowance(this.#clock, LOOKS_AT_ONCE, LOOK_BACK_MS);
    this.#looks.set(camera_id, looks);
    return looks.take();
  }

  /** Judges a live picture and learns from it, in the transaction that stores what was seen in it. */
  see(tables: Tables, upload: Upload, { preview, grey, detections }: SeenPicture): void {
    const now = this.#clock.now();
    const { camera_id, captured_at, sha256 } = upload;
    const before = tables.views.watchOf(camera_id);
    if (!isLive(captured_at, now) || !isNext(captured_at, before?.last_at) || !isUsable(grey)) return;
    const { look, light, learnt } = judge({ grey, colour: colourOf(preview) }, detections, {
      camera_id,
      views: tables.views.ofShape({ camera_id, ...grey }),
      now,
      dayMs: before?.day_ms ?? null,
      differsMs: before?.differs_ms ?? null,
    });
    const middle = isPlain(grey) ? "" : middleOf(grey);
    // A camera whose clock is ahead must not be ignored once that has been set right.
    const at = captured_at < toIso(now) ? captured_at : toIso(now);
    tables.views.setWatch(watched(before, { camera_id, captured_at: at, sha256, middle, look, light }, now));
    if (learnt) tables.views.keep(learnt);
  }

  get isWatching(): boolean {
    return this.#watchers > 0;
  }

  /** The state of a camera's view; null where it is not known, or nobody watches. */
  stateOf(cameraId: string): ViewState | null {
    const watch = this.isWatching ? this.#store.views.watchOf(cameraId) : null;
    if (!watch) return null;
    const isKnown = isEstablished({ votes: this.#store.views.votesFor(cameraId) });
    return stateOf(watch, isKnown, this.#clock.now());
  }

  /** What is wrong with a camera's view, as a sentence; null where nothing is. */
  problemOf(cameraId: string): string | null {
    const state = this.stateOf(cameraId);
    return state === null || state === "ok" ? null : `${cameraId} ${PROBLEMS[state]}`;
  }

  /** What is odd about a camera's view; null where nothing is. */
  oddityOf(cameraId: string): Oddity | null {
    const watch = this.isWatching ? this.#store.views.watchOf(cameraId) : null;
    if (!watch) return null;
    const state = this.stateOf(cameraId);
    const found = differenceIn(watch);
    if (found) {
      const { difference, pictures, sinceMs } = found;
      return { view: difference, since: toIso(sinceMs), pictures, lasting: state === difference };
    }
    if (state !== "frozen") return null;
    return { view: "frozen", since: toIso(watch.repeats_ms), pictures: watch.repeats + 1, lasting: true };
  }

  /** What a camera shows from now on is right: its view is learnt anew. */
  accept(cameraId: string): void {
    this.#store.durableTransaction((tables) => tables.views.forget(cameraId));
    this.#logger.info(`The view of ${cameraId} is accepted and learnt anew`);
    this.#bus.emit("settings");
  }

  /** Tells people what has changed, once, also over restarts. */
  #look(): void {
    for (const { camera_id, told } of this.#store.views.watches()) {
      const state = this.stateOf(camera_id);
      if (state === told) continue;
      this.#store.transaction((tables) => tables.views.tell(camera_id, state));
      const problem = this.problemOf(camera_id);
      if (problem !== null) this.#logger.warn(problem);
      else if (told !== null && told !== "ok") this.#logger.info(`${camera_id} shows its view again`);
    }
  }
}

/** Whether a picture is newer than the last one: another node may have looked at it before, or looked at a newer one. */
function isNext(capturedAt: string, lastAt: string | undefined): boolean {
  return lastAt === undefined || toMillis(capturedAt) > toMillis(lastAt);
}

function isUsable({ width, height }: Grey): boolean {
  return Math.min(width, height) >= LEAST_SIDE;
}
