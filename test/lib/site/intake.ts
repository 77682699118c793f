/** A folder that is watched, on a site in a temporary folder, for tests of what becomes of its files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import type { FlowMessage } from "../../../lib/domain/message.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import type { VigilError } from "../../../lib/resilience/errors.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { Site } from "../../../lib/site/site.ts";
import { UploadIntake, type UploadIntakeOptions } from "../../../lib/site/upload-intake.ts";
import { HandOff } from "../../../lib/store/hand-off.ts";
import { DATABASE_FILE } from "../../../lib/store/store.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface Message extends FlowMessage {
  readonly port: number;
  readonly filename: string;
}

export interface Intake {
  readonly site: Site;
  readonly watch: UploadIntake;
  readonly sent: readonly Message[];
  readonly errors: readonly VigilError[];
  /** Names of the files that were handed on, in order. */
  names(): string[];
  close(): Promise<void>;
}

export interface WatchedFolder {
  readonly root: string;
  readonly database: string;
  at(name: string): string;
  put(name: string, bytes: Buffer | string): void;
  rows(sql: string): Record<string, unknown>[];
  /** The state of each file by its name. */
  states(): Record<string, unknown>;
  open(options?: Partial<UploadIntakeOptions>, config?: object): Intake;
}

export function watchedFolder(folder: string): WatchedFolder {
  const root = join(folder, "cameras");
  const database = join(folder, "data", DATABASE_FILE);
  const at = (name: string) => join(root, name);
  const rows = (sql: string) => {
    const db = new Database(database, { readonly: true });
    try {
      return db.prepare<[], Record<string, unknown>>(sql).all();
    } finally {
      db.close();
    }
  };
  return {
    root,
    database,
    at,
    rows,
    put: (name, bytes) => {
      mkdirSync(dirname(at(name)), { recursive: true });
      writeFileSync(at(name), bytes);
    },
    states: () => Object.fromEntries(rows("SELECT path, state FROM uploads").map(({ path, state }) => [path, state])),
    open: (options = {}, config = {}) => openIntake(folder, root, options, config),
  };
}

function openIntake(folder: string, root: string, options: Partial<UploadIntakeOptions>, config: object): Intake {
  const site = new Site({
    config: SiteConfig.parse({ timeZone: "UTC", ...config }),
    dataDir: join(folder, "data"),
    clock: systemClock,
    logger: silent,
    onMqttState: () => {},
  });
  const sent: Message[] = [];
  const errors: VigilError[] = [];
  const handOff = new HandOff({ nodeId: "watch", leadsOn: () => true, onDropped: () => {} });
  const watch = new UploadIntake({
    site,
    nodeId: "watch",
    madeMs: site.clock.now(),
    root,
    camera: null,
    takeExisting: true,
    polling: false,
    stableMs: 150,
    act: (base, work) => {
      const messages = site.store.transaction((tables) =>
        handOff.prepare(tables, base, work(tables), site.clock.now()),
      );
      for (const { port, message } of messages) sent.push({ ...message, port, filename: String(message.filename) });
    },
    onError: (error) => errors.push(error),
    onChange: () => {},
    ...options,
  });
  return {
    site,
    watch,
    sent,
    errors,
    names: () => sent.map(({ filename }) => filename.slice(root.length + 1)),
    close: async () => {
      await watch.close();
      await site.close();
    },
  };
}
