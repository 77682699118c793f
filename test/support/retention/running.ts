/** Runs retention over a data folder, at the time of a trial. */
import type { RetentionResult } from "../../../lib/domain/retention.ts";
import type { Rules } from "../../../lib/ops/retention/policy.ts";
import { SiteConfig } from "../../../lib/site/config.ts";
import { runRetention } from "../../../lib/site/retention/run.ts";
import type { SpaceLimits } from "../../../lib/site/retention/space.ts";
import { Site } from "../../../lib/site/site.ts";
import { FakeClock } from "../fake-clock.ts";
import { NOW } from "./trial.ts";

interface More {
  readonly dryRun?: boolean;
  readonly space?: SpaceLimits;
  onProgress?(): void;
}

export function openSite(dataDir: string): Site {
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return new Site({ config: SiteConfig.parse({}), dataDir, clock: new FakeClock(NOW), logger, onMqttState: () => {} });
}

export function runIn(site: Site, rules: Rules, more: More = {}): Promise<RetentionResult> {
  const { dryRun = false, space = { most: null, leastFree: null }, onProgress = () => {} } = more;
  const { signal } = new AbortController();
  return runRetention({ site, rules, space, dryRun, signal, onProgress });
}

export async function runOn(dataDir: string, rules: Rules, more?: More): Promise<RetentionResult> {
  const site = openSite(dataDir);
  try {
    return await runIn(site, rules, more);
  } finally {
    await site.close();
  }
}
