/**
 * Holds the store, the driver's list of files and what a subscriber heard against each other, once all has come to rest:
 * nothing lost, nothing doubled, nothing invented.
 */
import Database from "better-sqlite3";
import type { Finding } from "./findings.ts";
import { auditHeard, auditPublished, type Heard } from "./publications.ts";
import type { Sight, Still } from "./traffic.ts";
import { JUDGES } from "./wiring.ts";

export interface Books extends Heard {
  /** The store's file. */
  readonly database: string;
  readonly stills: readonly Still[];
  /** Whether the disk was full at times: then dedupe lets pass what it cannot check. */
  readonly unchecked: boolean;
}

interface UploadRow {
  readonly upload_id: string;
  readonly path: string;
  readonly size: number;
  readonly sha256: string | null;
  readonly state: string;
  readonly original_id: string | null;
  readonly inspections: number;
  readonly outcome: string | null;
  readonly dead: number;
}

interface InspectionRow {
  readonly inspection_id: string;
  readonly path: string;
  readonly outcome: string;
  readonly found: string | null;
  readonly batched: string | null;
  readonly batches: number;
}

interface BatchRow {
  readonly batch_id: string;
  readonly state: string;
  readonly events: number;
}

interface JudgeRow {
  readonly node_id: string;
  /** Detections of all its events, and of all batches. */
  readonly judged: number;
  readonly batched: number;
}

/** What an uploaded file may have become, by its fate. */
const ENDS: Readonly<Record<Still["fate"], readonly string[]>> = {
  whole: ["inspected", "duplicate"],
  broken: ["rejected"],
  // Seen through on receipt or by the detector.
  poisoned: ["dead", "rejected"],
  old: ["baseline"],
  deleted: ["nowhere", "inspected", "gone", "dead", "rejected"],
  overwritten: ["nowhere", "inspected", "superseded", "rejected"],
};
const DETECTIONS: Readonly<Record<Sight, number>> = { urgent: 2, something: 1, nothing: 0 };

/** Everything that does not add up. */
export function audit(books: Books): Finding[] {
  const db = new Database(books.database, { readonly: true, fileMustExist: true });
  try {
    return [
      ...auditUploads(db, books),
      ...auditInspections(db, books),
      ...auditBatches(db, books),
      ...auditHeard(db, books),
      ...auditPublished(db, books),
    ];
  } finally {
    db.close();
  }
}

/** Whether the store has every file that it must have. */
export function allEntered(database: string, stills: readonly Still[]): boolean {
  const db = new Database(database, { readonly: true, fileMustExist: true });
  try {
    const known = new Set(
      db.prepare<[], { path: string; size: number }>("SELECT path, size FROM uploads").all().map(versionOf),
    );
    return stills.every((still) => ENDS[still.fate].includes("nowhere") || known.has(versionOf(still)));
  } finally {
    db.close();
  }
}

function versionOf({ path, size }: { path: string; size: number }): string {
  return `${path} ${size}`;
}

function auditUploads(db: Database.Database, books: Books): Finding[] {
  const { stills, life } = books;
  const findings: Finding[] = [];
  const rows = db
    .prepare<[], UploadRow>(`
      SELECT u.upload_id, u.path, u.size, u.sha256, u.state, u.original_id,
        (SELECT count(*) FROM inspections i WHERE i.upload_id = u.upload_id) AS inspections,
        (SELECT max(outcome) FROM inspections i WHERE i.upload_id = u.upload_id) AS outcome,
        (SELECT count(*) FROM work w WHERE w.subject_id = u.upload_id AND w.state = 'dead') AS dead
      FROM uploads u`)
    .all();
  const byPath = Map.groupBy(rows, ({ path }) => path);
  const versions = new Set(stills.map(versionOf));
  const paths = Map.groupBy(stills, ({ path }) => path);

  for (const still of stills) {
    const own = (byPath.get(still.path) ?? []).filter(({ size }) => size === still.size);
    const ends = own.map(endOf);
    if (ends.length > 1)
      findings.push({ kind: "doubled", what: `${still.path} is entered as ${ends.join(", ")}`, life: still.life });
    const [end = "nowhere"] = ends;
    if (!ENDS[still.fate].includes(end)) {
      findings.push({ kind: "lost", what: `${still.path}, ${still.fate}, ended ${end}`, life: still.life });
    }
  }
  for (const row of rows) {
    if (versions.has(versionOf(row))) continue;
    const largest = Math.max(-1, ...(paths.get(row.path) ?? []).map(({ size }) => size));
    // A file that was judged while it was still being written.
    const isPart = row.size < largest && row.state === "rejected";
    if (!isPart)
      findings.push({
        kind: "doubled",
        what: `${row.path} with ${row.size} bytes (${endOf(row)}) was never written`,
        life,
      });
  }
  return [...findings, ...auditDuplicates(rows, books)];
}

function endOf({ state, inspections, dead }: UploadRow): string {
  if (inspections > 0) return "inspected";
  if (state === "handed" && dead > 0) return "dead";
  return state;
}

/** Of all files of one camera with the same bytes, one is looked at, and the others are its duplicates. */
function auditDuplicates(rows: readonly UploadRow[], { stills, unchecked }: Books): Finding[] {
  const findings: Finding[] = [];
  const byVersion = new Map(rows.map((row) => [versionOf(row), row]));
  const same = Map.groupBy(
    stills.filter(({ fate }) => fate === "whole"),
    ({ camera, sha256 }) => `${camera} ${sha256}`,
  );
  for (const copies of same.values()) {
    const entered = copies.map((still) => byVersion.get(versionOf(still))).filter((row) => row !== undefined);
    const [first] = copies;
    // A file that is missing is told of elsewhere.
    if (!first || entered.length < copies.length) continue;
    const { life, path } = first;
    const looked = new Set(entered.filter((row) => endOf(row) === "inspected").map(({ upload_id }) => upload_id));
    const what = `of ${copies.length} equal files, ${path} first, ${looked.size} are inspected`;
    if (looked.size === 0) findings.push({ kind: "lost", what, life });
    if (looked.size > 1 && !unchecked) findings.push({ kind: "doubled", what, life });
    for (const { state, original_id, path: copy } of entered) {
      if (state !== "duplicate" || (original_id !== null && looked.has(original_id))) continue;
      findings.push({ kind: "lost", what: `${copy} is a duplicate of ${original_id}, which is not inspected`, life });
    }
  }
  return findings;
}

function auditInspections(db: Database.Database, { stills, life }: Books): Finding[] {
  const findings: Finding[] = [];
  const sights = new Map(stills.map((still) => [`${still.path} ${still.sha256}`, still]));
  const rows = db
    .prepare<[], InspectionRow & { sha256: string }>(`
      SELECT i.inspection_id, u.path, i.sha256, i.outcome,
        (SELECT group_concat(detection_id) FROM (
          SELECT detection_id FROM detections d WHERE d.inspection_id = i.inspection_id ORDER BY detection_id)) AS found,
        (SELECT group_concat(id) FROM (SELECT json_extract(value, '$.detection_id') AS id
          FROM batch_inspections m, json_each(m.detections) WHERE m.inspection_id = i.inspection_id ORDER BY id)) AS batched,
        (SELECT count(*) FROM batch_inspections m WHERE m.inspection_id = i.inspection_id) AS batches
      FROM inspections i JOIN uploads u USING(upload_id)`)
    .all();
  for (const row of rows) {
    const still = sights.get(`${row.path} ${row.sha256}`);
    const found = row.found?.split(",").length ?? 0;
    const where = still?.life ?? life;
    if (!still) findings.push({ kind: "doubled", what: `${row.path} was inspected as bytes it never had`, life });
    else if (found !== DETECTIONS[still.sight]) {
      const what = `in ${row.path} ${found} things were seen, where there are ${DETECTIONS[still.sight]}`;
      findings.push({ kind: "lost", what, life: where });
    }
    if (found > 0 && row.batches !== 1) {
      findings.push({
        kind: row.batches === 0 ? "lost" : "doubled",
        what: `${row.path} is in ${row.batches} batches`,
        life: where,
      });
    } else if (row.found !== row.batched) {
      findings.push({
        kind: "lost",
        what: `the batch of ${row.path} has other detections than were seen`,
        life: where,
      });
    }
  }
  for (const [path, same] of Map.groupBy(rows, (row) => `${row.path} ${row.sha256}`)) {
    if (same.length > 1) findings.push({ kind: "doubled", what: `${path} has ${same.length} inspections`, life });
  }
  return findings;
}

/** Every batch is judged once by each judge, and every detection is in one event of each. */
function auditBatches(db: Database.Database, { life }: Books): Finding[] {
  const findings: Finding[] = [];
  const batches = db
    .prepare<[], BatchRow>(`
      SELECT b.batch_id, b.state, count(e.event_id) AS events FROM batches b LEFT JOIN events e USING(batch_id)
      GROUP BY b.batch_id`)
    .all();
  for (const { batch_id, state, events } of batches) {
    // One that a judge has merged into another may have been judged by the others before.
    const least = state === "merged" ? 0 : JUDGES;
    const most = state === "merged" ? JUDGES - 1 : JUDGES;
    const what = `${batch_id} (${state}) has ${events} events`;
    if (events < least) findings.push({ kind: "lost", what, life });
    if (events > most) findings.push({ kind: "doubled", what, life });
  }
  const judges = db
    .prepare<[], JudgeRow>(`
      SELECT node_id, sum(detection_count) AS judged,
        (SELECT sum(json_array_length(m.detections)) FROM batch_inspections m) AS batched
      FROM events GROUP BY node_id`)
    .all();
  for (const { node_id, judged, batched } of judges) {
    const what = `the events of ${node_id} count ${judged} detections, and the batches ${batched}`;
    if (judged !== batched) findings.push({ kind: judged < batched ? "lost" : "doubled", what, life });
  }
  return findings;
}
