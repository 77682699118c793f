/** Stores to test with, and records to put into them. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import type { Batch } from "../../../lib/domain/batch.ts";
import type { Detected, Detection } from "../../../lib/domain/detection.ts";
import type { EventRecord } from "../../../lib/domain/event.ts";
import type { Upload } from "../../../lib/domain/upload.ts";
import type { FileVersion, SeenFile } from "../../../lib/store/found-files.ts";
import { DATABASE_FILE, Store } from "../../../lib/store/store.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";

export const AT = "2026-11-20T12:00:00.000Z";
export const ROOT = "/ftp";

/** The header of a page: its kind, and the offset of the field that says where its content starts. */
const INDEX_LEAF = 0x0a;
const CONTENT_START = 5;

const HOLDER = fileURLToPath(new URL("holder.ts", import.meta.url));

const opened: Store[] = [];
const holders: ChildProcess[] = [];

/** A store in a folder, by default a new one. `removeStores` in an `afterEach` hook takes both away. */
export function openStore(folder: string | null = tempFolder()): Store {
  const store = Store.open(folder);
  opened.push(store);
  return store;
}

export type Row = Record<string, unknown>;

/** The rows of a query, as a second connection sees them: what is committed. */
export function rows(folder: string, sql: string): Row[] {
  const db = new Database(join(folder, DATABASE_FILE), { readonly: true });
  try {
    return db.prepare<[], Row>(sql).all();
  } finally {
    db.close();
  }
}

/** Makes a table or an index of a closed store unreadable. The header and the schema stay as they are. */
export function spoil(folder: string, name: string): void {
  overwritePage(folder, name, (size) => Buffer.alloc(size, 0xff));
}

/** Takes all entries out of an index of a closed store, as a page that was never written to the disk does. */
export function emptyIndex(folder: string, name: string): void {
  overwritePage(folder, name, (size) => {
    const page = Buffer.alloc(size);
    page[0] = INDEX_LEAF;
    page.writeUInt16BE(size, CONTENT_START);
    return page;
  });
}

/** Overwrites the first page of a table or an index. */
function overwritePage(folder: string, name: string, content: (size: number) => Buffer): void {
  const [{ rootpage, page_size } = {}] = rows(
    folder,
    `SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = '${name}'`,
  );
  const size = Number(page_size);
  const file = openSync(join(folder, DATABASE_FILE), "r+");
  writeSync(file, content(size), 0, size, (Number(rootpage) - 1) * size);
  closeSync(file);
}

/** A store with its own connection, which it keeps to itself: for settings and faults that belong to a connection. */
export function openWithConnection(folder: string | null = tempFolder()): {
  store: Store;
  connection: Database.Database;
} {
  const { pragma } = Database.prototype;
  let connection: Database.Database | undefined;
  Database.prototype.pragma = function (this: Database.Database, ...parameters) {
    connection = this;
    return pragma.apply(this, parameters);
  };
  try {
    const store = openStore(folder);
    if (!connection) throw new Error("a store sets its pragmas when it opens");
    return { store, connection };
  } finally {
    Database.prototype.pragma = pragma;
  }
}

/** Another process that opens the store of this folder (holder.ts); `said` is `open`, or its error's code. */
export async function startHolder(folder: string): Promise<{ said: string; kill(): Promise<void> }> {
  const child = spawn(process.execPath, [HOLDER, folder], { stdio: ["pipe", "pipe", "inherit"] });
  holders.push(child);
  const [said] = await once(child.stdout, "data");
  return {
    said: String(said).trim(),
    kill: async () => {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Ends the processes and closes the stores that tests have started, and removes their folders. */
export function removeStores(): void {
  for (const holder of holders.splice(0)) holder.kill("SIGKILL");
  for (const store of opened.splice(0)) store.close();
  removeTempFolders();
}

export function sha(content: string | number): string {
  return Buffer.from(String(content)).toString("hex").padEnd(64, "0").slice(0, 64);
}

/** An upload as it flows: with its absolute path. */
export function uploadOf(id: string, overrides: Partial<Upload> = {}): Upload {
  return {
    upload_id: id,
    camera_id: "front_door",
    path: `${ROOT}/Front door/${id}.jpg`,
    media_type: "image",
    size: 1000,
    captured_at: AT,
    received_at: AT,
    sha256: sha(id),
    ...overrides,
  };
}

export function fileOf(upload: Upload, overrides: Partial<FileVersion> = {}): FileVersion {
  return { root: ROOT, path: upload.path.slice(ROOT.length + 1), size: upload.size, mtimeNs: 1n, ...overrides };
}

/** A file as a watch sees it for the first time. */
export function seenOf(id: string, overrides: Partial<SeenFile> = {}): SeenFile {
  return {
    uploadId: id,
    root: ROOT,
    path: `Front door/${id}.jpg`,
    size: 1000,
    mtimeNs: 1n,
    cameraId: "front_door",
    mediaType: "image",
    receivedAt: AT,
    state: "found",
    ...overrides,
  };
}

/** Enters an upload that a watch has found and handed on. */
export function enterHanded(store: Store, upload: Upload): void {
  const file = fileOf(upload);
  store.found.enter(seenOf(upload.upload_id, file));
  store.found.hand(upload, file);
}

export function detectionOf(id: string, upload: Upload, overrides: Partial<Detection> = {}): Detection {
  return {
    detection_id: id,
    upload_id: upload.upload_id,
    captured_at: upload.captured_at,
    offset_ms: 0,
    label: "person",
    confidence: 0.9,
    x: 10.5,
    y: 20.25,
    width: 100,
    height: 200,
    frame_width: 1920,
    frame_height: 1080,
    ...overrides,
  };
}

/** An inspection that saw one person per given confidence. */
export function detectedOf(id: string, upload: Upload, confidences: readonly number[] = [0.9]): Detected {
  return {
    inspection_id: id,
    upload,
    frame: { width: 1920, height: 1080 },
    detections: confidences.map((confidence, n) => detectionOf(`${id}_${n}`, upload, { confidence })),
    still_path: confidences.length > 0 ? upload.path : null,
    thumbnail_path: confidences.length > 0 ? `/data/thumbnails/${id}.jpg` : null,
    detector: "http://detector",
    inference_ms: 12.5,
  };
}

export function batchOf(id: string, uploads: readonly Upload[]): Batch {
  return {
    batch_id: id,
    camera_id: "front_door",
    started_at: AT,
    ended_at: AT,
    close_reason: "idle",
    fast_path: false,
    detections: uploads.map((upload) => detectionOf(`${id}_${upload.upload_id}`, upload)),
    uploads: [...uploads],
    still_path: null,
    thumbnail_path: null,
  };
}

export function eventOf(id: string, overrides: Partial<EventRecord> = {}): EventRecord {
  return {
    event_id: id,
    batch_id: `ba_${id}`,
    camera_id: "front_door",
    camera_name: "Front door",
    started_at: AT,
    ended_at: AT,
    revision: 1,
    final: true,
    risk_score: 60,
    risk_level: "high",
    analysis: "model",
    summary: "A visitor.",
    reasoning: "A person by day.",
    recommended_action: null,
    entities: [],
    flags: [],
    confidence: null,
    labels: ["person"],
    detection_count: 1,
    fast_path: false,
    thumbnail_path: null,
    picture_path: null,
    model: "model-1",
    prompt_version: "basic-1",
    prompt_tokens: null,
    completion_tokens: null,
    cached_tokens: null,
    latency_ms: null,
    reviewed: false,
    created_at: AT,
    ...overrides,
  };
}
