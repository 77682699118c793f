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

export async function runOn(dataDir: string, rules: Rules, more: More = {}): Promise<RetentionResult> {
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const config = SiteConfig.parse({});
  const site = new Site({ config, dataDir, clock: new FakeClock(NOW), logger, onMqttState: () => {} });
  try {
    const { signal } = new AbortController();
    const { dryRun = false, space = { most: null, leastFree: null }, onProgress = () => {} } = more;
    return await runRetention({ site, rules, space, dryRun, signal, onProgress });
  } finally {
    await site.close();
  }
}
