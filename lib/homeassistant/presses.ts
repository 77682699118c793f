/** Buttons of our notifications: the id that each carries, and what comes back when one is pressed. */
import { z } from "zod";
import { CameraId } from "../domain/camera.ts";
import { RecordId } from "../domain/ids.ts";

const PRESS_KINDS = ["snooze", "false_alarm", "acknowledge", "dismiss"] as const;
export type PressKind = (typeof PRESS_KINDS)[number];

/** A button that does something. */
export interface Press {
  readonly kind: PressKind;
  readonly site: string;
  readonly camera_id: string;
  readonly event_id: string;
}

/** What the button to snooze stands for. */
export const SNOOZE_MINUTES = 30;

/** All apps and automations share one space of ids. */
const PREFIX = "VIGIL";
const SEPARATOR = "|";

const Parts = z.tuple([
  z.literal(PREFIX),
  z.enum(PRESS_KINDS),
  z.string().regex(/^[a-z0-9-]{1,32}$/),
  CameraId,
  RecordId,
]);

/** The event that the companion apps fire; whatever else they put in differs between them. */
export const PRESS_EVENT = "mobile_app_notification_action";
const PressEvent = z.object({ data: z.object({ action: z.string() }) });

/** The id of a button: whatever of the press comes back, and however much later, says what it is about. */
export function actionId({ kind, site, camera_id, event_id }: Press): string {
  return [PREFIX, kind, site, camera_id, event_id].join(SEPARATOR);
}

/** The press that an event tells of; null where it is none of a button of ours. */
export function pressOf(event: unknown): Press | null {
  const fired = PressEvent.safeParse(event);
  if (!fired.success) return null;
  const [prefix, kind, site, camera_id, ...rest] = fired.data.data.action.split(SEPARATOR);
  const parts = Parts.safeParse([prefix, kind, site, camera_id, rest.join(SEPARATOR)]);
  if (!parts.success) return null;
  const [, knownKind, knownSite, cameraId, eventId] = parts.data;
  return { kind: knownKind, site: knownSite, camera_id: cameraId, event_id: eventId };
}
