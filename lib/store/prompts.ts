/** Table `prompts`: the versions of what each node has told its model before any event, and which of them was chosen. */
import type { Database } from "better-sqlite3";

/** What an owner wrote, and the fixed part of the prompt that was made of it. */
export interface PromptVersion {
  readonly version: string;
  readonly household: string;
  readonly house_rules: string;
  /** As the model got it. */
  readonly text: string;
  readonly created_at: string;
}

const COLUMNS = "version, household, house_rules, text, created_at";

export class Prompts {
  readonly #add;
  readonly #get;
  readonly #all;
  readonly #chosen;
  readonly #choose;

  constructor(db: Database) {
    this.#add = db.prepare<[PromptVersion & { node_id: string }]>(`
      INSERT INTO prompts(node_id, ${COLUMNS}) VALUES(:node_id, :version, :household, :house_rules, :text, :created_at)
      ON CONFLICT DO NOTHING`);
    this.#get = db.prepare<[string, string], PromptVersion>(
      `SELECT ${COLUMNS} FROM prompts WHERE node_id = ? AND version = ?`,
    );
    this.#all = db.prepare<[string], PromptVersion>(
      `SELECT ${COLUMNS} FROM prompts WHERE node_id = ? ORDER BY created_at DESC, version`,
    );
    this.#chosen = db.prepare<[string, string], PromptVersion>(
      `SELECT ${COLUMNS} FROM prompts WHERE node_id = ? AND chosen_over = ?`,
    );
    this.#choose = db.prepare<[{ nodeId: string; version: string | null; over: string }]>(
      "UPDATE prompts SET chosen_over = CASE WHEN version = :version THEN :over END WHERE node_id = :nodeId",
    );
  }

  /** Enters a version of a node's prompt, unless it is known. */
  add(nodeId: string, version: PromptVersion): void {
    this.#add.run({ ...version, node_id: nodeId });
  }

  get(nodeId: string, version: string): PromptVersion | undefined {
    return this.#get.get(nodeId, version);
  }

  /** All versions of a node's prompt, the newest first. */
  all(nodeId: string): PromptVersion[] {
    return this.#all.all(nodeId);
  }

  /** The version that was chosen over what the node's form says; undefined where none was, or over something else. */
  chosen(nodeId: string, over: string): PromptVersion | undefined {
    return this.#chosen.get(nodeId, over);
  }

  /** Chooses a version over what the node's form says, instead of the one before; null chooses none. */
  choose(nodeId: string, version: string | null, over: string): void {
    this.#choose.run({ nodeId, version, over });
  }
}
