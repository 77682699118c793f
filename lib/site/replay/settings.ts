/** What a replay knows of the site: from Node-RED's flows where they are named, else what holds without them. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import type { Camera } from "../../domain/camera.ts";
import type { RiskBands } from "../../domain/risk.ts";
import { asError, ConfigError } from "../../resilience/errors.ts";
import { SiteConfig } from "../config.ts";

export interface ReplaySettings {
  readonly bands: RiskBands;
  /** `name` is what the event says, for a camera that is not listed. */
  camera(cameraId: string, name: string): Camera;
}

const Flows = z.array(z.looseObject({ type: z.string() }));
/** What of a site's form matters to a verdict: the rest may name variables of Node-RED's environment. */
const SiteNode = z.looseObject({ type: z.literal("vigil-site"), dataDir: z.string().default("") });
const MATTERS = ["timeZone", "cameras", "lowMax", "mediumMax", "highMax"];

/**
 * Where the flows have several sites, it is the one whose data folder is `dataDir`.
 * @throws ConfigError `FLOWS` where they cannot be read, or it is not clear which site it is
 */
export function readSettings(flows: string | null, dataDir: string): ReplaySettings {
  const config = flows === null ? SiteConfig.parse({}) : siteIn(flows, dataDir);
  return {
    bands: config,
    camera: (cameraId, name) => {
      const listed = config.cameras.find(({ id }) => id === cameraId);
      return {
        camera_id: cameraId,
        name: listed?.name || name,
        time_zone: listed?.timeZone || config.timeZone,
        purpose: listed?.purpose ?? "",
      };
    },
  };
}

function siteIn(flows: string, dataDir: string): SiteConfig {
  try {
    const nodes = Flows.parse(JSON.parse(readFileSync(flows, "utf8")));
    const sites = nodes.flatMap((node) => SiteNode.safeParse(node).data ?? []);
    const those = sites.filter((site) => resolve(dirname(flows), site.dataDir) === resolve(dataDir));
    const [site, ...others] = sites.length === 1 ? sites : those;
    if (!site || others.length > 0)
      throw new Error(`of its ${sites.length} sites, ${those.length} have the data folder`);
    return SiteConfig.parse(Object.fromEntries(MATTERS.map((key) => [key, site[key]])));
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : asError(cause).message;
    throw new ConfigError("FLOWS", `The flows ${flows} do not tell what the site's form says: ${why}`, { cause });
  }
}
