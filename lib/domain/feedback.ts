/** What people say of an event. */
import { z } from "zod";

export const FeedbackKind = z.enum(["false_alarm"]);
export type FeedbackKind = z.infer<typeof FeedbackKind>;
