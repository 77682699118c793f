/** Judging a stored event again: an event's id in place of a batch. */
import { z } from "zod";
import { Batch } from "../domain/batch.ts";
import { RecordId } from "../domain/ids.ts";
import type { FlowMessage } from "../domain/message.ts";
import { InputError } from "../resilience/errors.ts";
import { oneLine } from "../resilience/one-line.ts";
import { PRIORITY } from "./live.ts";
import type { Site } from "./site.ts";
import type { SlowStage } from "./stage.ts";

/** A batch to judge. */
export const ToJudge = Batch.extend({
  /** The event to judge again, of this node or of another; absent on what is new. */
  again: RecordId.optional(),
});
export type ToJudge = z.infer<typeof ToJudge>;

const Asked = z.union([z.string().trim(), z.object({ event_id: z.string() }).transform(({ event_id }) => event_id)]);

/**
 * What the event that a payload names was judged on, to be judged again; any other payload comes back as it is.
 * Throws an InputError: `NO_SUCH_EVENT`, `BATCH_NOT_KEPT`.
 */
export function admitEvent({ payload }: FlowMessage, { store }: Site): unknown {
  const asked = Asked.safeParse(payload);
  if (!asked.success) return payload;
  const name = oneLine(asked.data, 80);
  if (!store.events.get(asked.data)) {
    throw new InputError(
      "NO_SUCH_EVENT",
      `There is no event "${name}": msg.payload must be a batch, or the event_id of an event in this site's store`,
    );
  }
  const batch = store.judged.get(asked.data);
  if (!batch) {
    throw new InputError("BATCH_NOT_KEPT", `What the event "${name}" was judged on is not in this site's store`);
  }
  return { ...batch, again: asked.data } satisfies ToJudge;
}

/** The job of judging an event again. Asked for twice while it waits or runs, it is one. */
export function describeReanalysis(
  eventId: string,
  { camera_id }: Batch,
  { store }: Site,
  nodeId: string,
): ReturnType<SlowStage<ToJudge>["describe"]> {
  const key = store.jobs.keyOfQueued(nodeId, PRIORITY.again, camera_id, eventId);
  return {
    subject: { kind: "reanalysis", id: eventId },
    cameraId: camera_id,
    priority: PRIORITY.again,
    ...(key !== undefined && { key }),
  };
}
