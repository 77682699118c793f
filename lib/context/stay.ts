/** How long something stays, over pictures that come one by one. */

/** From the first to the last picture of a stay, in milliseconds since 1970. */
export interface Stay {
  readonly since: number;
  readonly until: number;
}

/**
 * Stays that the times of sightings make, the earliest first: sightings no farther apart than `gapMs` are one stay. The
 * first goes on from the stay before, where that ended no longer ago; times before its end change nothing.
 */
export function staysOf(times: readonly number[], before: Stay | null, gapMs: number): Stay[] {
  const stays: Stay[] = before ? [before] : [];
  for (const time of times.toSorted((a, b) => a - b)) {
    const last = stays.at(-1);
    if (last && time - last.until <= gapMs) stays[stays.length - 1] = { ...last, until: Math.max(last.until, time) };
    else stays.push({ since: time, until: time });
  }
  // The one before, unless it has gone on.
  return before && stays[0] === before ? stays.slice(1) : stays;
}
