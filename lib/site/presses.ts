/** Presses of buttons in notifications: those of this site, about events that it has. */
import type { HomeAssistant } from "../homeassistant/home-assistant.ts";
import { oneLine } from "../resilience/one-line.ts";
import type { Site } from "./site.ts";

const SHOWN_LENGTH = 60;

/** Tells the site's bus of each. The answer ends it. */
export function takePresses(site: Site, homeAssistant: HomeAssistant): () => void {
  return homeAssistant.onPress(({ kind, site: siteId, camera_id, event_id }) => {
    if (siteId !== site.id) return;
    const shown = `"${kind}" for ${camera_id}, event ${oneLine(event_id, SHOWN_LENGTH)}`;
    // Anything on Home Assistant's bus may be made up.
    if (site.store.events.get(event_id)?.camera_id !== camera_id) {
      site.logger.warn(`A press of ${shown}, names no event of this site and is ignored`);
      return;
    }
    site.logger.info(`Pressed: ${shown}`);
    site.bus.emit("action", { kind, camera_id, event_id }, (done) => site.bus.emit("confirmed", event_id, done));
  });
}
