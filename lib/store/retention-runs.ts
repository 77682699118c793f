/** Table `retention_runs`: when each retention node ran last, and what came of it. */
import type { Database } from "better-sqlite3";
import { RetentionResult } from "../domain/retention.ts";
import { jsonIn } from "../resilience/json.ts";

export interface LastRun {
  readonly started_at: string;
  /** Null where it was cut off. */
  readonly result: RetentionResult | null;
}

interface Row {
  readonly started_at: string;
  readonly result: string | null;
}

export class RetentionRuns {
  readonly #begin;
  readonly #end;
  readonly #last;
  readonly #latest;

  constructor(db: Database) {
    this.#begin = db.prepare("INSERT OR REPLACE INTO retention_runs(node_id, started_at) VALUES(?, ?)");
    this.#end = db.prepare("UPDATE retention_runs SET result = ? WHERE node_id = ?");
    this.#last = db.prepare<[string], Row>("SELECT started_at, result FROM retention_runs WHERE node_id = ?");
    this.#latest = db.prepare<[], Row>(
      "SELECT started_at, result FROM retention_runs ORDER BY started_at DESC LIMIT 1",
    );
  }

  begin(nodeId: string, at: string): void {
    this.#begin.run(nodeId, at);
  }

  end(nodeId: string, result: RetentionResult): void {
    this.#end.run(JSON.stringify(result), nodeId);
  }

  /** Undefined where the node has never run. */
  last(nodeId: string): LastRun | undefined {
    return readRun(this.#last.get(nodeId));
  }

  /** Of any node. */
  latest(): LastRun | undefined {
    return readRun(this.#latest.get());
  }
}

function readRun(row: Row | undefined): LastRun | undefined {
  return row && { ...row, result: RetentionResult.safeParse(jsonIn(row.result ?? "")).data ?? null };
}
