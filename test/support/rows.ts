/** What a store holds, read beside the site that uses it. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";

/** The rows of a query of a data folder; none while there is no store in it. */
export function rowsIn<T>(dataDir: string, sql: string): T[] {
  const file = join(dataDir, "vigil.db");
  if (!existsSync(file)) return [];
  const db = new Database(file, { readonly: true });
  try {
    return db.prepare<[], T>(sql).all();
  } finally {
    db.close();
  }
}
