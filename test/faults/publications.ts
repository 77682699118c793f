/** What a subscriber heard, held against the store. */
import type { Database } from "better-sqlite3";
import type { EventRecord } from "../../lib/domain/event.ts";
import type { Finding } from "./findings.ts";

export interface Heard {
  /** Every event as it was published, in the order it came. */
  readonly heard: readonly EventRecord[];
  readonly life: number;
}

interface EventRow {
  readonly event_id: string;
  readonly revision: number;
  readonly final: number;
  readonly alerts: number;
}

/** At any time: what was published is in the store, comes again only as it was, and is judged once. */
export function auditHeard(db: Database, { heard, life }: Heard): Finding[] {
  const findings: Finding[] = [];
  const doubled = (what: string) => findings.push({ kind: "doubled", what, life });
  const revision = db.prepare<[string], number>("SELECT revision FROM events WHERE event_id = ?").pluck();
  for (const [id, messages] of Map.groupBy(heard, ({ event_id }) => event_id)) {
    const stored = revision.get(id) ?? 0;
    const newest = Math.max(...messages.map((event) => event.revision));
    if (newest > stored) doubled(`${id} was published as revision ${newest}, and the store has ${stored}`);
    for (const [number, same] of Map.groupBy(messages, (event) => event.revision)) {
      const contents = new Set(same.map((event) => JSON.stringify(event))).size;
      if (contents > 1) doubled(`${id} revision ${number} was published with ${contents} contents`);
    }
    const verdicts = messages.filter(({ final }) => final).map((event) => event.revision);
    if (new Set(verdicts).size > 1) doubled(`${id} was judged ${new Set(verdicts).size} times`);
    if (messages.some((event) => !event.final && event.revision > Math.min(...verdicts))) {
      findings.push({ kind: "lost", what: `${id} was an estimate again after its verdict`, life });
    }
  }
  return findings;
}

/** At rest: every revision was published, every event has its verdict and was decided on. */
export function auditPublished(db: Database, { heard, life }: Heard): Finding[] {
  const findings: Finding[] = [];
  const lost = (what: string) => findings.push({ kind: "lost", what, life });
  const published = new Set(heard.map(({ event_id, revision }) => `${event_id} ${revision}`));
  const rows = db
    .prepare<[], EventRow>(`
      SELECT event_id, revision, final, (SELECT count(*) FROM decisions a WHERE a.event_id = e.event_id) AS alerts
      FROM events e`)
    .all();
  for (const { event_id, revision, final, alerts } of rows) {
    if (final === 0) lost(`${event_id} is an estimate still`);
    if (alerts === 0) lost(`${event_id} was not decided on`);
    if (alerts > 1) findings.push({ kind: "doubled", what: `${event_id} was decided on ${alerts} times`, life });
    for (let number = 1; number <= revision; number += 1) {
      if (!published.has(`${event_id} ${number}`)) lost(`${event_id} revision ${number} was never published`);
    }
  }
  return findings;
}
