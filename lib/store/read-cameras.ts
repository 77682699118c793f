/** The cameras of a store, read beside the Node-RED that uses it. */
import { Cameras } from "./cameras.ts";
import { readBeside } from "./read-beside.ts";

export interface StoredCamera {
  readonly camera_id: string;
  /** Undefined for one whose pictures come from elsewhere. */
  readonly folder: string | undefined;
}

/**
 * All cameras that a data folder knows, by their ids.
 * @throws StoreError as `readBeside` does
 */
export function readCameras(dataDir: string): StoredCamera[] {
  return readBeside(dataDir, (db) => {
    const cameras = new Cameras(db);
    return cameras.ids().map((id) => ({ camera_id: id, folder: cameras.folderOf(id) }));
  });
}
