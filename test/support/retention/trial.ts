/** A store with all that retention has to tell apart, and the files that its rows name, made by bulk and by a seed. */
import { mkdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { folderIdentity } from "../../../lib/media/folder-identity.ts";
import { DATABASE_FILE, Store } from "../../../lib/store/store.ts";
import { Dice } from "../../faults/dice.ts";

export const NOW = Date.parse("2026-11-20T12:00:00.000Z");
const DAY = 24 * 60 * 60_000;
const CAMERAS = ["front", "yard", "garage"];
const BYTES = Buffer.alloc(300, 7);

export interface TrialSize {
  readonly seed: number;
  /** Batches, each with one to three inspections in which something was seen. */
  readonly batches: number;
  /** Inspections in which nothing was seen. */
  readonly nothing: number;
  readonly detectionsEach: number;
}

export interface Trial {
  readonly dataDir: string;
  readonly root: string;
}

type Values = Record<string, string | number | bigint | null>;

/** Fills an empty folder with a data folder, and with a camera folder unless that is to be elsewhere. */
export function makeTrial(folder: string, size: TrialSize, root = join(folder, "cameras")): Trial {
  const trial = { dataDir: join(folder, "data"), root };
  mkdirSync(trial.root);
  Store.open(trial.dataDir).close();
  const db = new Database(join(trial.dataDir, DATABASE_FILE));
  db.pragma("foreign_keys = OFF");
  db.pragma("synchronous = OFF");
  try {
    db.transaction(() => new Maker(db, trial, size).make())();
  } finally {
    db.close();
  }
  return trial;
}

class Maker {
  readonly #db: Database.Database;
  readonly #trial: Trial;
  readonly #size: TrialSize;
  readonly #dice: Dice;
  readonly #inserts = new Map<string, Database.Statement<[Values]>>();
  readonly #folders = new Set<string>();
  #count = 0;

  constructor(db: Database.Database, trial: Trial, size: TrialSize) {
    this.#db = db;
    this.#trial = trial;
    this.#size = size;
    this.#dice = new Dice(size.seed);
  }

  make(): void {
    const { batches, nothing, detectionsEach } = this.#size;
    const many = batches + nothing;
    // In the order in which they came, the oldest first.
    for (let n = 0; n < many; n += 1) {
      const came = NOW - 60 * DAY * (1 - n / many);
      if (this.#dice.chance(batches / many)) this.#batch(came);
      else this.#nothingSeen(came);
      if (this.#dice.chance(0.05)) this.#otherUpload(came);
      if (this.#dice.chance(0.02)) this.#inboxUpload(came);
    }
    this.#strays();
    const identity = folderIdentity(statSync(this.#trial.root, { bigint: true }));
    this.#insert("roots", { root: this.#trial.root, first_seen_ms: 0, baselined: 1, identity });
    this.#db.exec(`
      WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < ${detectionsEach})
      INSERT INTO detections SELECT 'de_' || hex(randomblob(12)), inspection_id, n, inspected_at, 0, 'person', 0.9, 1, 1, 2, 2
      FROM inspections CROSS JOIN n WHERE outcome = 'seen'`);
  }

  #id(prefix: string): string {
    this.#count += 1;
    const random = this.#dice.whole(0, 2 ** 32 - 1).toString(16);
    return `${prefix}_${random.padStart(8, "0")}${this.#count.toString(16).padStart(16, "0")}`;
  }

  #insert(table: string, values: Values): void {
    const columns = Object.keys(values);
    const sql = `INSERT INTO ${table}(${columns.join(", ")}) VALUES(${columns.map((name) => `:${name}`).join(", ")})`;
    const insert = this.#inserts.get(sql) ?? this.#db.prepare<[Values]>(sql);
    this.#inserts.set(sql, insert);
    insert.run(values);
  }

  #write(path: string, atMs: number, bytes = BYTES): void {
    const folder = dirname(path);
    if (!this.#folders.has(folder)) mkdirSync(folder, { recursive: true });
    this.#folders.add(folder);
    writeFileSync(path, bytes);
    utimesSync(path, atMs / 1000, atMs / 1000);
  }

  #picture(kind: string, camera: string, came: number, id: string): string {
    const path = join(this.#trial.dataDir, kind, camera, new Date(came).toISOString().slice(0, 10), `${id}.jpg`);
    // A few are gone already.
    if (!this.#dice.chance(0.01)) this.#write(path, came);
    return path;
  }

  #upload(camera: string, came: number, values: Values = {}): { id: string; path: string } {
    const id = this.#id("up");
    const path = `${camera}/${id}.jpg`;
    const file = join(this.#trial.root, path);
    this.#write(file, came);
    const { mtimeNs } = statSync(file, { bigint: true });
    const luck = this.#dice.throw();
    if (luck < 0.03) rmSync(file);
    if (luck < 0.01) symlinkSync("/etc/hostname", file);
    else if (luck > 0.98) this.#write(file, came + 1000, Buffer.alloc(301));
    const given = { upload_id: id, camera_id: camera, root: this.#trial.root, path, size: BYTES.length, ...values };
    const at = new Date(came).toISOString();
    const rest = { sha256: id, media_type: "image", captured_at: at, received_at: at, state: "handed" };
    this.#db
      .prepare<[Values]>(`
      INSERT INTO uploads(upload_id, camera_id, root, path, size, mtime_ns, sha256, media_type, captured_at, received_at, state,
        original_id, suppressed_by)
      VALUES(:upload_id, :camera_id, :root, :path, :size, :mtime_ns, :sha256, :media_type, :captured_at, :received_at, :state,
        :original_id, :suppressed_by)`)
      .run({ original_id: null, suppressed_by: null, ...rest, ...given, mtime_ns: mtimeNs });
    return { id, path: file };
  }

  #inspection(upload: { id: string; path: string }, camera: string, came: number, seen: boolean): string {
    const id = this.#id("in");
    const isClip = seen && this.#dice.chance(0.1);
    this.#insert("inspections", {
      inspection_id: id,
      upload_id: upload.id,
      node_id: "detect",
      sha256: id,
      outcome: seen ? "seen" : "nothing",
      frame_width: 10,
      frame_height: 10,
      still_path: seen ? (isClip ? this.#picture("stills", camera, came, id) : upload.path) : null,
      thumbnail_path: seen ? this.#picture("thumbnails", camera, came, id) : null,
      detector: "d",
      inspected_at: new Date(came).toISOString(),
    });
    return id;
  }

  #batch(came: number): void {
    const camera = this.#dice.pick(CAMERAS);
    const isOpen = this.#dice.chance(0.002);
    const inspections = Array.from({ length: this.#dice.whole(1, 3) }, (_, n) => {
      const upload = this.#upload(camera, came + n);
      if (this.#dice.chance(0.05)) this.#upload(camera, came + n, duplicateOf(upload.id));
      return this.#inspection(upload, camera, came + n, true);
    });
    const batch = this.#batchRow(camera, came, isOpen ? "open" : "closed", inspections, "window");
    if (isOpen) {
      // One may be open.
      this.#db.prepare("UPDATE batches SET camera_id = batch_id WHERE batch_id = ?").run(batch);
      return;
    }
    if (this.#dice.chance(0.03)) {
      const other = this.#batchRow(camera, came + 5000, "closed", inspections, "window2");
      this.#event(other, camera, came + 6000, "trial", null);
    }
    if (this.#dice.chance(0.03)) this.#merged(batch, camera, came);
    const thumbnail = this.#db
      .prepare<[string], string>("SELECT thumbnail_path FROM inspections WHERE inspection_id = ?")
      .pluck()
      .get(inspections[0] ?? "");
    if (this.#dice.chance(0.8)) this.#event(batch, camera, came + 2000, "analyze", thumbnail ?? null);
    else this.#work(batch, "nemotron-analyze", this.#dice.chance(0.3) ? "queued" : "dead", came);
    if (this.#dice.chance(0.1)) this.#event(batch, camera, came + 3000, "second", null);
    if (this.#dice.chance(0.01)) this.#handover("batch", batch, "unclaimed", came);
    if (this.#dice.chance(0.01)) this.#handover("detected", inspections[0] ?? "", "air", came);
    if (this.#dice.chance(0.05)) this.#insert("incidents", { batch_id: batch, incident_id: "ic" });
  }

  #batchRow(camera: string, came: number, state: string, inspections: readonly string[], node: string): string {
    const id = this.#id("ba");
    const at = new Date(came).toISOString();
    this.#insert("batches", {
      batch_id: id,
      node_id: node,
      camera_id: camera,
      lane: "live",
      state,
      started_at: at,
      ended_at: at,
      detection_count: 1,
      fast_path: 0,
      opened_ms: Math.round(came),
      due_ms: state === "open" ? NOW : null,
    });
    for (const inspection_id of inspections) {
      this.#insert("batch_inspections", { node_id: node, inspection_id, batch_id: id, detections: "[]" });
    }
    return id;
  }

  #merged(into: string, camera: string, came: number): void {
    const merged = this.#batchRow(camera, came - 1, "closed", [], "window");
    this.#db.prepare("UPDATE batches SET state = 'merged', merged_into = ? WHERE batch_id = ?").run(into, merged);
  }

  #event(batch: string, camera: string, came: number, node: string, thumbnail: string | null): void {
    const id = this.#id("ev");
    const at = new Date(came).toISOString();
    const level = this.#dice.pick(["low", "low", "medium", "high", "critical"]);
    const verdict = {
      batch_id: batch,
      node_id: node,
      camera_id: camera,
      analysis: "model",
      final: 1,
      risk_score: 50,
      risk_level: level,
      summary: "A visitor.",
      reasoning: "A person by day. ".repeat(20),
      entities: "[]",
      flags: "[]",
      model: "m",
      created_at: at,
    };
    this.#insert("events", {
      ...verdict,
      event_id: id,
      camera_name: camera,
      started_at: at,
      ended_at: at,
      revision: 1,
      labels: "[]",
      detection_count: 1,
      fast_path: 0,
      thumbnail_path: thumbnail,
      picture_path: this.#dice.chance(0.6) ? this.#picture("pictures", camera, came, id) : null,
      reviewed: this.#dice.chance(0.03) ? 1 : 0,
      starred: this.#dice.chance(0.03) ? 1 : 0,
      published_revision: 1,
    });
    this.#insert("verdicts", { ...verdict, event_id: id, revision: 1 });
    this.#insert("judged_batches", { event_id: id, batch: "{}" });
    if (this.#dice.chance(0.3)) {
      const alert = {
        alert_id: this.#id("al"),
        node_id: "alert",
        dedup_key: camera,
        state: "pending",
        update_count: 0,
      };
      this.#insert("alerts", { ...alert, created_at: at, sent_at: at });
      const decision = { event_id: id, node_id: "alert", alert_id: alert.alert_id, camera_id: camera, revision: 1 };
      const why = { outcome: "alert", reason: "", adjustment: "null", calibration: "null", stands: 1, published: 1 };
      const lists = { channels: "[]", conditions: "[]", rules: "[]" };
      this.#insert("decisions", { ...decision, ...why, ...lists, created_at: at, decided_at: at, sent_at: at });
    }
    this.#insert("traits", { event_id: id, traits: "{}" });
    if (this.#dice.chance(0.1)) {
      const word = { event_id: id, camera_id: camera, kind: "false_alarm", notes: "", traits: "{}", given_at: at };
      this.#insert("feedback", word);
    }
    if (this.#dice.chance(0.01)) this.#insert("outbox", { kind: "event", subject_id: id, revision: 1, payload: "{}" });
    if (this.#dice.chance(0.01)) this.#work(id, "risk-alert", "dead", came);
  }

  #work(subject: string, stage: string, state: "queued" | "dead" | "discarded" | "refused", came: number): void {
    this.#insert("work", {
      node_id: stage,
      stage,
      key: this.#id("key"),
      subject_id: subject,
      priority: 0,
      state,
      msg: state === "queued" || state === "dead" ? "{}" : null,
      created_ms: Math.round(came),
      settled_ms: state === "queued" ? null : Math.round(came),
    });
  }

  #handover(kind: string, subject: string, state: "air" | "unclaimed" | "discarded", came: number): void {
    const created_ms = Math.round(came);
    const handover = { handover_id: this.#id("ho"), node_id: "node", port: 0, kind, subject_id: subject, state };
    this.#insert("handovers", { ...handover, msg: state === "discarded" ? null : "{}", created_ms });
  }

  #nothingSeen(came: number): void {
    const camera = this.#dice.pick(CAMERAS);
    this.#inspection(this.#upload(camera, came), camera, came, false);
  }

  /** What was never inspected. */
  #otherUpload(came: number): void {
    const states = ["rejected", "baseline", "gone", "superseded", "skipped", "handed", "handed", "handed", "found"];
    const state = this.#dice.pick(states);
    const { id } = this.#upload("front", came, { state });
    if (state !== "handed") return;
    const fate = this.#dice.whole(0, 4);
    if (fate === 0) this.#work(id, "detect", "dead", came);
    else if (fate === 1) this.#work(id, "detect", "discarded", came);
    else if (fate === 2) this.#work(id, "detect", "refused", came);
    else if (fate === 3) this.#handover("upload", id, "unclaimed", came);
    else this.#handover("upload", id, "discarded", came);
  }

  /** Bytes that came in a message, which two uploads may share. */
  #inboxUpload(came: number): void {
    const sha = this.#id("x").slice(2).padStart(64, "a");
    const path = join(this.#trial.dataDir, "inbox", `${sha}.jpg`);
    this.#write(path, came);
    for (let n = this.#dice.chance(0.3) ? 2 : 1; n > 0; n -= 1) {
      const { id, path: made } = this.#upload("yard", came);
      rmSync(made, { force: true });
      this.#db.prepare("UPDATE uploads SET root = NULL, path = ?, mtime_ns = 0 WHERE upload_id = ?").run(path, id);
      this.#inspection({ id, path }, "yard", came, false);
    }
  }

  /** Files that no row names, and what is none of Vigil's business. */
  #strays(): void {
    const { dataDir } = this.#trial;
    const old = NOW - 20 * DAY;
    for (const [name, at] of [
      ["thumbnails/front/2026-09-01/in_stray.jpg", old],
      ["thumbnails/front/2026-09-01/in_young.jpg", NOW - DAY],
      ["thumbnails/front/2026-09-01/holiday.png", old],
      ["stills/yard/2026-09-01/in_stray2.jpg", old],
      ["pictures/yard/2026-09-01/ev_stray.jpg", old],
      [`inbox/${"b".repeat(64)}.jpg`, old],
      [`inbox/${"c".repeat(64)}.jpg`, NOW - DAY],
      ["inbox/readme.txt", old],
      ["notes.txt", old],
    ] as const) {
      this.#write(join(dataDir, name), at);
    }
    symlinkSync("/etc/hostname", join(dataDir, "thumbnails/front/2026-09-01/in_link.jpg"));
    symlinkSync("/etc", join(dataDir, "thumbnails/linked"));
  }
}

function duplicateOf(original: string): Values {
  return { state: "duplicate", original_id: original, suppressed_by: "dedupe" };
}
