/** The dashboard for Home Assistant that a running site offers. */
import { dashboardYaml } from "../homeassistant/dashboard.ts";
import { InputError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";

/**
 * It has the cameras that are known by now.
 * @throws InputError `NO_BROKER` where Home Assistant hears nothing of the site
 */
export function siteDashboard(site: Site): string {
  if (!site.publishes) {
    throw new InputError(
      "NO_BROKER",
      "The site has no broker, so Home Assistant has nothing of it: give it a broker URL",
    );
  }
  const cameras = site.store.cameras.ids().map((id) => site.camera(id));
  return dashboardYaml({ siteId: site.id, siteName: site.id, cameras });
}
