/** What may go, by the user's limits: pure, given what the store knows of a record. */
import {
  type BatchFacts,
  CameraKind,
  type EventFacts,
  type InspectionFacts,
  type MemberFacts,
  type RetentionKind,
  type UploadFacts,
} from "../../domain/retention.ts";
import { gravityOf, type RiskLevel } from "../../domain/risk.ts";
import { toMillis } from "../../domain/time.ts";

/** Milliseconds that each kind is kept; null: for ever. */
export type Limits = Readonly<Record<RetentionKind, number | null>>;

/** Which events stay, and all that they were made of, however old they are. */
export interface KeepIf {
  readonly reviewed: boolean;
  readonly starred: boolean;
  /** This level or above; null: a level keeps none. */
  readonly level: RiskLevel | null;
}

/** What goes before its time to make room. */
export interface Cap {
  /** Nothing is kept longer, in milliseconds. */
  readonly age: number;
  /** Whether this holds for the data folder. */
  readonly own: boolean;
  /** Camera folders for whose originals it holds, where these have a limit of their own. */
  readonly roots: ReadonlySet<string>;
}

export interface Rules {
  readonly limits: Limits;
  /** What is different for some cameras. */
  readonly cameras: ReadonlyMap<string, Partial<Pick<Limits, CameraKind>>>;
  readonly keepIf: KeepIf;
  /** Null: there is room enough. */
  readonly cap: Cap | null;
}

export interface BatchPlan {
  /** Events that go. */
  readonly events: readonly string[];
  /** Events whose large picture goes. */
  readonly pictures: readonly string[];
  /** Inspections whose thumbnail and still go. */
  readonly stills: readonly string[];
  /** The batch goes, with all inspections that no other has. */
  readonly whole: boolean;
}

export interface UploadPlan {
  /** The file in the camera's folder goes. */
  readonly original: boolean;
  /** The ledger's entry goes, once the file is known to be gone. */
  readonly entry: boolean;
}

/** Files whose loss nobody would expect: they lay there before, or have not been taken in yet. */
const NEVER_TAKEN: ReadonlySet<string> = new Set(["found", "baseline", "gone", "superseded"]);

function isKept({ reviewed, starred, risk_level }: EventFacts, { keepIf }: Rules): boolean {
  return (
    (keepIf.reviewed && reviewed) ||
    (keepIf.starred && starred) ||
    (keepIf.level !== null && risk_level !== null && gravityOf(risk_level) >= gravityOf(keepIf.level))
  );
}

/** Where something came from. */
export interface Origin {
  /** Null has no limits of its own. */
  readonly camera_id: string | null;
  /** Of an upload: the camera folder that its original is in. */
  readonly root?: string | null;
}

/** Whether something that came at `ms` is past its limit; all in milliseconds. */
function isPast(kind: RetentionKind, origin: Origin, ms: number, rules: Rules, now: number): boolean {
  const limit = limitOf(kind, origin, rules);
  return limit !== null && now - ms > limit;
}

function limitOf(
  kind: RetentionKind,
  { camera_id, root = null }: Origin,
  { limits, cameras, cap }: Rules,
): number | null {
  const own: Partial<Limits> | undefined = camera_id === null ? undefined : cameras.get(camera_id);
  const limit = own?.[kind] === undefined ? limits[kind] : own[kind];
  if (cap === null) return limit;
  if (kind !== "originals") return cap.own ? Math.min(limit ?? cap.age, cap.age) : limit;
  return limit !== null && root !== null && cap.roots.has(root) ? Math.min(limit, cap.age) : limit;
}

/** Whether originals may go at all. */
export function mayTakeOriginals({ limits, cameras }: Rules): boolean {
  return [limits, ...cameras.values()].some(({ originals }) => typeof originals === "number");
}

/** Whether anything at all that came at `ms` could be past a limit: most records are too young to look at closely. */
export function isAnyPast(origin: Origin, ms: number, rules: Rules, now: number): boolean {
  return CameraKind.options.some((kind) => isPast(kind, origin, ms, rules, now));
}

/** Nothing goes before its batch has the age. What is open stays as it is. */
export function planBatch(batch: BatchFacts, rules: Rules, now: number): BatchPlan {
  const { opened_ms, events, members } = batch;
  const isOld = (kind: RetentionKind, at: string) => isPast(kind, batch, Math.max(opened_ms, toMillis(at)), rules, now);
  if (batch.open) return { events: [], pictures: [], stills: [], whole: false };
  const mayGo = events.filter((event) => !event.open && !isKept(event, rules));
  const going = mayGo.filter((event) => isOld("events", event.created_at));
  const whole =
    going.length === events.length &&
    isPast("detections", batch, opened_ms, rules, now) &&
    members.every((member) => !member.open && isOld("detections", member.inspected_at));
  const isNeeded = ({ open, open_elsewhere, others }: MemberFacts) =>
    open || open_elsewhere || [...events, ...others].some((event) => event.open || isKept(event, rules));
  return {
    events: going.map(({ event_id }) => event_id),
    pictures: mayGo
      .filter((event) => event.picture_path !== null)
      .filter((event) => going.includes(event) || isOld("pictures", event.created_at))
      .map(({ event_id }) => event_id),
    stills: members
      .filter((member) => !isNeeded(member))
      .filter((member) => (whole && !member.shared) || isOld("pictures", member.inspected_at))
      .map(({ inspection_id }) => inspection_id),
    whole,
  };
}

/** An inspection that is in no batch: whether it goes, and whether its pictures do. */
export function planInspection(
  inspection: InspectionFacts,
  rules: Rules,
  now: number,
): { readonly stills: boolean; readonly whole: boolean } {
  const { inspected_at, open } = inspection;
  const isOld = (kind: RetentionKind) => !open && isPast(kind, inspection, toMillis(inspected_at), rules, now);
  const whole = isOld("detections");
  return { whole, stills: whole || isOld("pictures") };
}

/** An original goes only where the user has set a limit for it, and never one that a kept or an open event needs. */
export function planUpload(upload: UploadFacts, rules: Rules, now: number): UploadPlan {
  const { state, root, removed_at, open, accounted, inspected, events } = upload;
  const isOld = (kind: RetentionKind) => isPast(kind, upload, toMillis(upload.received_at), rules, now);
  if (open || !accounted || state === "found") return { original: false, entry: false };
  const isNeeded = events.some((event) => event.open || isKept(event, rules));
  return {
    original: root !== null && removed_at === null && !NEVER_TAKEN.has(state) && !isNeeded && isOld("originals"),
    entry: !inspected && isOld("detections"),
  };
}
