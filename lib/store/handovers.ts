/** Table `handovers`: messages on their way to the next Vigil node, which live nowhere else. */
import type { Database } from "better-sqlite3";

/** What a message is about, for a receiver whose message lost the hand-over's id on the way. */
export interface Subject {
  readonly kind: "upload" | "detected" | "batch" | "event" | "reanalysis";
  readonly id: string;
}

export interface AiredMessage {
  readonly handover_id: string;
  readonly port: number;
  readonly msg: string;
}

/** A message that no Vigil node has answered. */
export interface OpenMessage {
  readonly handover_id: string;
  readonly kind: Subject["kind"];
  readonly subject_id: string;
  /** `air`: it is sent again at each start; `unclaimed`: it is not any more. */
  readonly state: "air" | "unclaimed";
  readonly created_ms: number;
}

/** Which of a node's messages: one by its hand-over, or all that nobody has claimed. */
export type MessageChoice = string | "all";

/** After so many minutes of its producer's own up-time, a message that nobody took counts as left open by the wiring. */
const MINUTES_IN_THE_AIR = 60;
/** As many overdue messages go again at a time: what receives them must not get a night's worth at once. */
const MOST_OVERDUE = 100;
/** A fan-out's second branch may still be on its way this long after the first has answered. */
const FAN_OUT_MS = 5_000;
/** Longer than that by far, so that none is forgotten that may have to be sent again. */
const KEEP_TAKEN_MS = 60_000;

export class Handovers {
  readonly #session: string;
  /** When the last message before this opening was answered. */
  #lastAnswerBefore: number;
  #count = 0;
  readonly #insert;
  readonly #answer;
  readonly #answerSubject;
  readonly #subjectOf;
  readonly #toResend;
  readonly #get;
  readonly #age;
  readonly #unclaim;
  readonly #clampAnswers;
  readonly #forgetTaken;
  readonly #forgetOpen;
  readonly #dropText;
  readonly #listOpen;
  readonly #countLeft;
  readonly #reopen;
  readonly #sendOverdue;
  readonly #discard;

  constructor(db: Database, session: string) {
    this.#session = session;
    this.#lastAnswerBefore =
      db.prepare<[], number | null>("SELECT max(answered_ms) FROM handovers WHERE state = 'taken'").pluck().get() ?? 0;
    this.#insert = db.prepare(`
      INSERT INTO handovers(handover_id, node_id, port, kind, subject_id, state, msg, created_ms)
      VALUES(?, ?, ?, ?, ?, ?, ?, ?)`);
    this.#answer = db.prepare(
      "UPDATE handovers SET state = 'taken', answered_ms = ? WHERE handover_id = ? AND state <> 'taken'",
    );
    this.#answerSubject = db.prepare(`
      UPDATE handovers SET state = 'taken', answered_ms = ? WHERE kind = ? AND subject_id = ?
        AND (state = 'air' OR state = 'unclaimed')`);
    this.#subjectOf = db.prepare<[string], string>("SELECT subject_id FROM handovers WHERE handover_id = ?").pluck();
    this.#toResend = db
      .prepare<[{ node: string; before: number; now: number; fanOut: number }], string>(`
      SELECT handover_id FROM handovers WHERE node_id = :node AND state IN ('air', 'taken') AND (state = 'air'
        OR answered_ms BETWEEN :before - :fanOut AND :before OR answered_ms >= :now - :fanOut)
      ORDER BY rowid`)
      .pluck();
    this.#get = db.prepare<[string], AiredMessage>(
      "SELECT handover_id, port, msg FROM handovers WHERE handover_id = ? AND msg IS NOT NULL",
    );
    this.#age = db.prepare("UPDATE handovers SET minutes_up = minutes_up + 1 WHERE node_id = ? AND state = 'air'");
    this.#unclaim = db.prepare(
      "UPDATE handovers SET state = 'unclaimed' WHERE node_id = ? AND state = 'air' AND minutes_up >= ?",
    );
    this.#clampAnswers = db.prepare<[{ now: number }]>(
      "UPDATE handovers SET answered_ms = :now WHERE answered_ms > :now",
    );
    this.#forgetTaken = db.prepare("DELETE FROM handovers WHERE state = 'taken' AND answered_ms < ?");
    this.#forgetOpen = db.prepare(
      "DELETE FROM handovers WHERE state IN ('unclaimed', 'discarded') AND kind <> 'upload' AND created_ms < ?",
    );
    this.#dropText = db.prepare(
      "UPDATE handovers SET msg = NULL WHERE state = 'unclaimed' AND created_ms < ? AND msg IS NOT NULL",
    );
    this.#listOpen = db.prepare<[string, number], OpenMessage>(`
      SELECT handover_id, kind, subject_id, state, created_ms FROM handovers
      WHERE node_id = ? AND state IN ('air', 'unclaimed') AND msg IS NOT NULL ORDER BY rowid LIMIT ?`);
    this.#countLeft = db
      .prepare<[string], number>(
        "SELECT count(*) FROM handovers WHERE node_id = ? AND state = 'unclaimed' AND minutes_up > 0 AND msg IS NOT NULL",
      )
      .pluck();
    this.#reopen = db
      .prepare<[{ nodeId: string; id: string | null; ports: string }], string>(`
      UPDATE handovers SET state = 'air', minutes_up = 0
      WHERE node_id = :nodeId AND state = 'unclaimed' AND msg IS NOT NULL
        AND (handover_id = :id OR :id IS NULL AND port IN (SELECT value FROM json_each(:ports)))
      RETURNING handover_id`)
      .pluck();
    this.#sendOverdue = db
      .prepare<[{ node: string; before: number; now: number }], string>(`
      UPDATE handovers SET created_ms = :now, state = CASE minutes_up WHEN 0 THEN 'air' ELSE state END
      WHERE handover_id IN (SELECT handover_id FROM handovers WHERE node_id = :node AND state IN ('air', 'unclaimed')
        AND msg IS NOT NULL AND created_ms < :before ORDER BY created_ms, rowid LIMIT ${MOST_OVERDUE})
      RETURNING handover_id`)
      .pluck();
    this.#discard = db.prepare(`
      UPDATE handovers SET state = 'discarded', msg = NULL WHERE node_id = :nodeId
        AND (handover_id = :id AND state IN ('air', 'unclaimed') OR :id IS NULL AND state = 'unclaimed')`);
  }

  /**
   * Enters a message that leaves; the answer is the id it travels with, which no other message ever has. It is in the
   * air until a Vigil node answers it, or unclaimed at once where the wiring leads to none.
   */
  send(
    nodeId: string,
    port: number,
    subject: Subject,
    msg: string,
    now: number,
    state: "air" | "unclaimed" = "air",
  ): string {
    this.#count += 1;
    const id = `${this.#session}.${this.#count}`;
    this.#insert.run(id, nodeId, port, subject.kind, subject.id, state, msg, now);
    return id;
  }

  /** What a message in the ledger is about. */
  subjectOf(handover: string): string | null {
    return this.#subjectOf.get(handover) ?? null;
  }

  /** Answers a message that a node has taken: by its hand-over or, where a user's node stripped that, by its subject. */
  answer(handover: string | null, subject: Subject | null, now: number): void {
    if (handover !== null) this.#answer.run(now, handover);
    else if (subject !== null) this.#answerSubject.run(now, subject.kind, subject.id);
  }

  /**
   * Ids of what a node must send again after a start or a deploy, oldest first: what is in the air, and what one branch
   * of a fan-out answered so shortly before that the other may not have got it.
   */
  toResend(nodeId: string, now: number): string[] {
    return this.#toResend.all({ node: nodeId, before: this.#lastAnswerBefore, now, fanOut: FAN_OUT_MS });
  }

  /** The clock was set: nothing was answered later than now. */
  clampAnswers(now: number): void {
    this.#clampAnswers.run({ now });
    this.#lastAnswerBefore = Math.min(this.#lastAnswerBefore, now);
  }

  get(handoverId: string): AiredMessage | undefined {
    return this.#get.get(handoverId);
  }

  /** Counts a minute of a producer's up-time; the answer is how many of its messages count as unclaimed since. */
  age(nodeId: string): number {
    this.#age.run(nodeId);
    return this.#unclaim.run(nodeId, MINUTES_IN_THE_AIR).changes;
  }

  /** Forgets messages that every branch has had time to take: their receipts are with the nodes that took them. */
  forgetTaken(now: number): void {
    this.#forgetTaken.run(now - KEEP_TAKEN_MS);
  }

  /** Forgets what was left open before then; of an upload it keeps that it was, without the text. */
  forgetOpen(before: number): void {
    this.#forgetOpen.run(before);
    this.#dropText.run(before);
  }

  /** What no Vigil node has answered yet, oldest first. */
  listOpen(nodeId: string, most: number): OpenMessage[] {
    return this.#listOpen.all(nodeId, most);
  }

  /** How many messages nobody took in time, though the wiring leads to a Vigil node. */
  countLeft(nodeId: string): number {
    return this.#countLeft.get(nodeId) ?? 0;
  }

  /**
   * Puts unclaimed messages into the air again; the answer is which, to be sent. "all": those of the ports that lead to a
   * Vigil node, since what left for a user's own nodes has arrived.
   */
  reopen(nodeId: string, choice: MessageChoice, leadingOn: readonly number[]): string[] {
    return this.#reopen.all({ nodeId, id: choice === "all" ? null : choice, ports: JSON.stringify(leadingOn) });
  }

  /**
   * Notes that what was sent before a time and is not answered goes again now, the longest ago first, a hundred at most;
   * the answer is which. One that left for a user's own nodes is expected to be answered from now on.
   */
  sendOverdue(nodeId: string, before: number, now: number): string[] {
    return this.#sendOverdue.all({ node: nodeId, before, now });
  }

  /** Gives open messages up; the answer is how many. What they were about stays accounted for. */
  discard(nodeId: string, choice: MessageChoice): number {
    return this.#discard.run({ nodeId, id: choice === "all" ? null : choice }).changes;
  }
}
