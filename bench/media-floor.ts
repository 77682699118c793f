/**
 * The least that has to be done with a picture, in a tight loop: read it, hash it, draw the same thumbnail and write that
 * down, one transaction. A process of its own, driven as `Rival` says.
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import Database from "better-sqlite3";
import sharp from "sharp";
import { z } from "zod";
import type { Detection } from "../lib/domain/detection.ts";
import { drawThumbnail } from "../lib/media/thumbnail.ts";
import { FULL_HD, PERSON } from "./instant-servers.ts";
import { CONCURRENCY } from "./vigil.ts";

// As Vigil has it.
sharp.concurrency(1);
sharp.cache(false);

const [folder = ""] = process.argv.slice(2);

const DETECTION: Detection = {
  ...PERSON,
  detection_id: "de_0123456789abcdef",
  upload_id: "up_0123456789abcdef",
  captured_at: "2026-11-20T12:00:00.000Z",
  offset_ms: 0,
  label: "person",
  confidence: 0.8,
  frame_width: FULL_HD.width,
  frame_height: FULL_HD.height,
};

mkdirSync(folder, { recursive: true });
const db = new Database(join(folder, "floor.db"));
db.pragma("journal_mode = WAL");
db.pragma("synchronous = NORMAL");
db.exec("CREATE TABLE pictures(sha256 TEXT NOT NULL, path TEXT NOT NULL, thumbnail TEXT NOT NULL) STRICT");
const insert = db.prepare("INSERT INTO pictures VALUES(?, ?, ?)");

for await (const line of createInterface({ input: process.stdin })) {
  const paths = z.array(z.string()).parse(JSON.parse(line));
  const began = performance.now();
  const cpu = process.cpuUsage();
  await Promise.all(Array.from({ length: CONCURRENCY }, () => work(paths)));
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (performance.now() - began) / 1_000;
  process.stdout.write(`${JSON.stringify({ seconds, cpu_seconds: (user + system) / 1e6 })}\n`);
}

/** Takes paths off the list until it is empty. */
async function work(paths: string[]): Promise<void> {
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    const bytes = await readFile(path);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const thumbnail = join(folder, basename(path));
    await writeFile(thumbnail, await drawThumbnail(bytes, [DETECTION]));
    insert.run(sha256, path, thumbnail);
  }
}
