/** Text from outside, fit for a label, an error or a header: one line, no control characters, not too long. */

/** `text` with each run of white space and invisible characters as one space, and at most `max` characters. */
export function oneLine(text: string, max: number): string {
  return text
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, max)
    .toWellFormed();
}
