/** Obeys what Home Assistant sends to the entities of the hub and of the cameras: valid, done, kept and published back. */
import { commandTopic } from "../domain/topics.ts";
import { commandValue } from "../homeassistant/command.ts";
import { CAMERA_ENTITIES } from "../homeassistant/entities/camera.ts";
import { HUB_ENTITIES } from "../homeassistant/entities/hub.ts";
import { type Entities, takesCommands } from "../homeassistant/entity.ts";
import type { MqttLink } from "../mqtt/link.ts";
import { asError } from "../resilience/errors.ts";
import { answerLastAlert } from "./alert-answers.ts";
import { giveFeedback, severity, word } from "./feedback.ts";
import type { Site } from "./site.ts";

type Value = ReturnType<typeof commandValue>;

export class EntityCommands {
  readonly #site: Site;
  readonly #link: MqttLink;
  /** Cameras whose commands are heard. */
  readonly #cameras = new Set<string>();

  /** Listens to the hub's commands for as long as the link lasts. */
  constructor(site: Site, link: MqttLink) {
    this.#site = site;
    this.#link = link;
    this.#listen(HUB_ENTITIES, site.topics.hub, (key, value) => {
      if (key === "snooze") site.settings.snoozeSite();
      else site.settings.changeSite({ [key]: value });
    });
  }

  /** Listens to a camera's commands, from before Home Assistant hears of them. */
  listenTo(cameraId: string): void {
    if (this.#cameras.has(cameraId)) return;
    this.#cameras.add(cameraId);
    const site = this.#site;
    const topicOf = (key: string) => site.topics.camera(cameraId, key);
    this.#listen(CAMERA_ENTITIES, topicOf, (key, value) => {
      if (key === "snooze") site.settings.snoozeCamera(cameraId);
      else if (key === "accept_view") site.views.accept(cameraId);
      else if (key === "acknowledge" || key === "dismiss") answerLastAlert(site, cameraId, key);
      else if (key === "false_alarm" || key === "correct" || key === "missed") giveFeedback(site, cameraId, word(key));
      else if (key === "expected_severity") giveFeedback(site, cameraId, severity(value));
      else site.settings.changeCamera(cameraId, { [key]: value });
    });
  }

  #listen(entities: Entities, topicOf: (key: string) => string, obey: (key: string, value: Value) => void): void {
    const { logger } = this.#site;
    for (const [key, entity] of Object.entries(entities)) {
      if (!takesCommands(entity)) continue;
      const topic = commandTopic(topicOf(key));
      this.#link.subscribe(topic, (payload, retained) => {
        // It would be obeyed again at each connection: a snooze that ended long ago, for one.
        if (retained) {
          logger.warn(`A retained message on ${topic} is ignored; commands must not be retained`);
          return;
        }
        try {
          obey(key, commandValue(entity, payload));
        } catch (error) {
          logger.warn(`A command on ${topic} was refused: ${asError(error).message}`);
        }
      });
    }
  }
}
