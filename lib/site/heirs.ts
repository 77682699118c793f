/** What was taken for the duplicate of an upload is looked at after all where that upload comes to nothing. */
import { toJournal } from "../store/journal.ts";
import { NEW_PORT } from "./dedupe.ts";
import type { Site } from "./site.ts";
import type { Tables } from "./stage.ts";

/**
 * Inside the transaction in which an upload may have come to nothing: if it has, the first of its duplicates takes its
 * place, and is put into the air from each node that had claimed its content: there may be one in each branch of the flow.
 */
export function airHeir(tables: Tables, site: Pick<Site, "bus" | "clock">, uploadId: string): void {
  const heir = tables.uploads.bequeath(uploadId);
  if (heir === null) return;
  const { upload, nodeId } = heir;
  // The claim of the node that held the heir back may have been forgotten.
  const nodeIds = new Set([nodeId, ...tables.claims.passOn(uploadId, upload)]);
  const { json } = toJournal({ topic: upload.camera_id, payload: upload, filename: upload.path });
  const subject = { kind: "upload", id: upload.upload_id } as const;
  for (const id of nodeIds) {
    const handover = tables.handovers.send(id, NEW_PORT, subject, json, site.clock.now());
    tables.afterCommit(() => site.bus.emit("aired", id, handover));
  }
}
