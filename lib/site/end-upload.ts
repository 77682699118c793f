/** Ending an upload that cannot be looked at, without losing what was taken for its duplicate. */
import { toJournal } from "../store/journal.ts";
import type { Nothing } from "../store/uploads.ts";
import type { SiteBus } from "./bus.ts";
import { NEW_PORT } from "./dedupe.ts";
import type { Tables } from "./stage.ts";

/**
 * Inside a transaction: enters what became of an upload. The first of its duplicates, if it has any, is put into the air
 * in its place, from the node that had held it back.
 */
export function endUpload(tables: Tables, bus: SiteBus, uploadId: string, what: Nothing, now: number): void {
  const heir = tables.uploads.end(uploadId, what);
  if (heir === null) return;
  const { upload, nodeId } = heir;
  tables.claims.passOn(nodeId, uploadId, upload);
  const { json } = toJournal({ topic: upload.camera_id, payload: upload, filename: upload.path });
  const handover = tables.handovers.send(nodeId, NEW_PORT, { kind: "upload", id: upload.upload_id }, json, now);
  tables.afterCommit(() => bus.emit("aired", nodeId, handover));
}
