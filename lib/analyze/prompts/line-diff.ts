/** How two texts differ, line by line. */

/** The lines of which only one text has them, in order: `- ` and the line of the first, `+ ` and that of the second. */
export function lineDiff(first: string, second: string): string[] {
  const before = first.split("\n");
  const after = second.split("\n");
  const common = commonLengths(before, after);
  const length = (i: number, j: number) => common[i]?.[j] ?? 0;
  const changes: string[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && before[i] === after[j]) {
      i += 1;
      j += 1;
    } else if (j === after.length || (i < before.length && length(i + 1, j) >= length(i, j + 1))) {
      changes.push(`- ${before[i]}`);
      i += 1;
    } else {
      changes.push(`+ ${after[j]}`);
      j += 1;
    }
  }
  return changes;
}

/** The longest common subsequence of what follows line `i` of the one and line `j` of the other: its length. */
function commonLengths(before: readonly string[], after: readonly string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row = lengths[i] ?? [];
    const next = lengths[i + 1] ?? [];
    for (let j = after.length - 1; j >= 0; j -= 1) {
      row[j] = before[i] === after[j] ? (next[j + 1] ?? 0) + 1 : Math.max(next[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
}
