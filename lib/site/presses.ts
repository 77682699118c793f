/** Obeys the buttons of notifications: those of this site, about events that it has. */
import { localTime } from "../analyze/local-time.ts";
import type { HomeAssistant } from "../homeassistant/home-assistant.ts";
import { type Press, SNOOZE_MINUTES } from "../homeassistant/presses.ts";
import { asError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import { answerAlerts } from "./alert-answers.ts";
import { keepFeedback, word } from "./feedback.ts";
import type { Site } from "./site.ts";

const SHOWN_LENGTH = 60;

/** Does what is pressed, and has it confirmed where the event is shown. The answer ends it. */
export function obeyPresses(site: Site, homeAssistant: HomeAssistant): () => void {
  return homeAssistant.onPress((press) => {
    const { kind, camera_id, event_id } = press;
    if (press.site !== site.id) return;
    const shown = `"${kind}" for ${camera_id}, event ${oneLine(event_id, SHOWN_LENGTH)}`;
    try {
      // Anything on Home Assistant's bus may be made up.
      if (site.store.events.get(event_id)?.camera_id !== camera_id) {
        site.logger.warn(`A press of ${shown}, names no event of this site and is ignored`);
        return;
      }
      site.logger.info(`Pressed: ${shown}`);
      site.bus.emit("obeyed", event_id, obey(press, site));
    } catch (error) {
      site.logger.error(`A press of ${shown}, could not be obeyed: ${asError(error).message}`);
    }
  });
}

/** What was done, as a sentence. */
function obey({ kind, camera_id, event_id }: Press, site: Site): string {
  if (kind === "false_alarm") {
    keepFeedback(site, event_id, word("false_alarm"));
    return "Kept as a false alarm";
  }
  if (kind !== "snooze") {
    answerAlerts(site, site.store.decisions.alertsOf(event_id), kind);
    return kind === "acknowledge" ? "Acknowledged" : "Dismissed";
  }
  const until = site.settings.snoozeCamera(camera_id, SNOOZE_MINUTES);
  const { name, time_zone } = site.camera(camera_id);
  return `${name} is snoozed until ${localTime(until, time_zone).time.slice(0, "HH:MM".length)}`;
}
