/** From a judgement to the store and on: the event that it makes of its batch, and the message with it. */
import { eventOf, type Judgement } from "../analyze/judge.ts";
import type { Batch } from "../domain/batch.ts";
import type { SecurityEvent } from "../domain/event.ts";
import type { Site } from "./site.ts";
import type { Output, Tables } from "./stage.ts";
import { eventLine } from "./trace.ts";

/** The node that judges. */
export interface Judge {
  readonly site: Site;
  readonly nodeId: string;
  readonly publish: boolean;
}

/** What is judged. */
export interface Scene {
  readonly batch: Batch;
  /** Of the event; null where it has none. */
  readonly picturePath: string | null;
}

const EVENT_PORT = 0;

/** Stores an estimate, unless the batch has an event already: a job that is tried again estimates once. */
export function storeFirst(tables: Tables, scene: Scene, judgement: Judgement, judge: Judge): readonly Output[] {
  const known = tables.events.idOf(scene.batch.batch_id, judge.nodeId);
  return known === undefined ? storeEvent(tables, scene, judgement, judge) : [];
}

/** Stores what came of judging a batch. Nothing leaves where the event keeps the verdict that it had. */
export function storeEvent(tables: Tables, scene: Scene, judgement: Judgement, judge: Judge): readonly Output[] {
  const { site, nodeId } = judge;
  const { batch } = scene;
  // Without a broker nobody would ever empty the outbox.
  const publish = judge.publish && site.publishes;
  const event = toEvent(tables, scene, judgement, judge);
  tables.batches.adopt(batch, site.clock.now());
  const stored = tables.events.save(nodeId, event, publish);
  if (stored === null) return [];
  tables.judged.keep(stored.event_id, batch);
  const result = { ...event, ...stored };
  tables.afterCommit(() => site.logger.info(eventLine(result)));
  if (publish) tables.afterCommit(() => site.bus.emit("outbox"));
  return [
    {
      port: EVENT_PORT,
      topic: batch.camera_id,
      payload: result,
      subject: { kind: "event", id: stored.event_id },
    },
  ];
}

function toEvent(tables: Tables, scene: Scene, judgement: Judgement, { site, nodeId }: Judge): SecurityEvent {
  const camera = site.camera(scene.batch.camera_id);
  const event = eventOf({ ...scene, camera, nodeId, judgement, bands: site.bands, now: site.clock.now() });
  return { ...event, event_id: tables.events.idOf(scene.batch.batch_id, nodeId) ?? event.event_id };
}
