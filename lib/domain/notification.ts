/** What a phone shows of an alert, as Home Assistant's companion app takes it. */
import { z } from "zod";

/** The data of a `notify.mobile_app_…` action. */
export const Notification = z.object({
  title: z.string(),
  message: z.string(),
  /** The app's own fields: tag, group, channel, actions, … */
  data: z.record(z.string(), z.unknown()),
});
export type Notification = z.infer<typeof Notification>;
