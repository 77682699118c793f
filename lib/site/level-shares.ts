/** How many of a site's last events have each level, and what is wrong with that. */
import { type LevelShares, levelShares, SHARE_DAYS } from "../alert/level-shares.ts";
import { toIso } from "../domain/time.ts";
import type { Site } from "./site.ts";

const DAY_MS = 24 * 60 * 60_000;

export function sharesNow({
  store,
  clock,
  alarmingShare,
}: Pick<Site, "store" | "clock" | "alarmingShare">): LevelShares {
  return levelShares(store.totals.levelsSince(toIso(clock.now() - SHARE_DAYS * DAY_MS)), alarmingShare);
}

/** A sentence, where these are not as expected; null where they are, or nobody can tell. */
export function sharesProblem(site: Pick<Site, "store" | "clock" | "alarmingShare">): string | null {
  const { alarming, verdict } = sharesNow(site);
  const { min, max } = site.alarmingShare;
  if (verdict !== "too many" && verdict !== "too few") return null;
  return `${verdict} events of ${SHARE_DAYS} days are high or critical, expected are ${min} to ${max} %: ${alarming} %`;
}
