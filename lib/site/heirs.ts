/** What was taken for the duplicate of an upload is looked at after all where that upload comes to nothing. */
import { toJournal } from "../store/journal.ts";
import { NEW_PORT } from "./dedupe.ts";
import type { Site } from "./site.ts";
import type { Tables } from "./stage.ts";

/**
 * Inside the transaction in which an upload may have come to nothing: if it has, the first of its duplicates takes its
 * place, and is put into the air from the node that had held it back.
 */
export function airHeir(tables: Tables, site: Pick<Site, "bus" | "clock">, uploadId: string): void {
  const heir = tables.uploads.bequeath(uploadId);
  if (heir === null) return;
  const { upload, nodeId } = heir;
  tables.claims.passOn(nodeId, uploadId, upload);
  const { json } = toJournal({ topic: upload.camera_id, payload: upload, filename: upload.path });
  const subject = { kind: "upload", id: upload.upload_id } as const;
  const handover = tables.handovers.send(nodeId, NEW_PORT, subject, json, site.clock.now());
  tables.afterCommit(() => site.bus.emit("aired", nodeId, handover));
}
