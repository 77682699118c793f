/** What Home Assistant logs, entry by entry. */
import { stripVTControlCharacters } from "node:util";

export interface Entry {
  readonly level: string;
  /** As it named the part of itself that speaks. */
  readonly logger: string;
  /** With all its lines, a traceback's too. */
  readonly text: string;
}

const HEAD = /^\d{4}-\d\d-\d\d \S+ (?<level>[A-Z]+) \([^)]*\) \[(?<logger>[^\]]*)\] (?<text>.*)$/;

export function entriesOf(log: string): Entry[] {
  const entries: { level: string; logger: string; text: string }[] = [];
  for (const line of stripVTControlCharacters(log).split("\n")) {
    const { level, logger, text } = HEAD.exec(line)?.groups ?? {};
    const last = entries.at(-1);
    if (level !== undefined && logger !== undefined && text !== undefined) entries.push({ level, logger, text });
    else if (last) last.text += `\n${line}`;
  }
  return entries;
}
