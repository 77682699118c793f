/** Who of those that a camera saw is whom: one for each track, and never one for two who are in the same picture. */
import type { Detection } from "../../domain/detection.ts";
import { timeOf } from "../tracks.ts";
import { cosine, type Direction } from "./direction.ts";
import type { Candidate } from "./gallery.ts";

/** Somebody or something of a batch, and what it looks like. */
export interface Subject {
  readonly detections: readonly Detection[];
  readonly direction: Direction;
}

export interface Recognised {
  /** The one who was recognised; null for somebody new. */
  readonly id: string | null;
  /** Of somebody new, the first of the subjects that show the same one: an index. */
  readonly like: number;
  /** To what is known, or to that first subject; 1 for the first itself. */
  readonly similarity: number;
}

/**
 * For each subject who it is. What is most alike is settled first. `known`: for each, who is like it by `same` or more.
 * Null where that is open: it is like somebody who is beside it in a picture, and so is somebody else.
 */
export function recognise(
  subjects: readonly Subject[],
  known: readonly (readonly Candidate[])[],
  same: number,
): (Recognised | null)[] {
  const found: (Recognised | null)[] = subjects.map(() => null);
  const moments = subjects.map(({ detections }) => detections.map(timeOf));
  /** The moments at which each one is already seen. */
  const taken = new Map<string | number, Set<number>>();
  const take = (who: string | number, index: number): boolean => {
    const before = taken.get(who) ?? new Set();
    const own = moments[index] ?? [];
    if (own.some((moment) => before.has(moment))) return false;
    taken.set(who, new Set([...before, ...own]));
    return true;
  };

  const pairs = known.flatMap((candidates, index) => candidates.map((candidate) => ({ ...candidate, index })));
  for (const { index, id, similarity } of pairs.sort((a, b) => b.similarity - a.similarity)) {
    if (!found[index] && take(id, index)) found[index] = { id, like: index, similarity };
  }

  const fresh: number[] = [];
  for (const [index, { direction }] of subjects.entries()) {
    if (found[index] || known[index]?.length) continue;
    const likeness = (other: number) => cosine(subjects[other]?.direction ?? direction, direction);
    const alike = fresh
      .map((like) => ({ id: null, like, similarity: likeness(like) }))
      .filter(({ similarity }) => similarity >= same)
      .sort((a, b) => b.similarity - a.similarity);
    const first = alike.find(({ like }) => take(like, index));
    if (first) found[index] = first;
    else if (alike.length === 0) {
      take(index, index);
      fresh.push(index);
      found[index] = { id: null, like: index, similarity: 1 };
    }
  }
  return found;
}
