/** What a trial has found wrong. */

export interface Finding {
  /** Something came to nothing, or came twice, or went wrong in another way. */
  readonly kind: "lost" | "doubled" | "wrong";
  readonly what: string;
  /** The life in or after which it showed, or during which the file in question was uploaded. */
  readonly life: number;
}

/** As many as a person reads. */
const MOST_SHOWN = 20;

/** One line for each finding, the first ones. */
export function describe(findings: readonly Finding[]): string {
  const lines = findings.slice(0, MOST_SHOWN).map(({ kind, what, life }) => `${kind} (life ${life}): ${what}`);
  const more = findings.length - lines.length;
  return [...lines, ...(more > 0 ? [`… and ${more} more`] : [])].join("\n");
}
