/** Which camera the files of a folder belong to. */
import { cameraId } from "../media/camera-id.ts";
import { MediaError, type VigilError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";

export interface FolderCamera {
  readonly folder: string;
  readonly id: string;
}

export interface FolderCamerasOptions {
  readonly site: Site;
  /** The camera of every file; null where the first folder names it. */
  readonly fixed: string | null;
  onError(error: VigilError): void;
}

export class FolderCameras {
  readonly #options: FolderCamerasOptions;
  /** Folders that wait for an id of their own, so that each is complained about once. */
  readonly #waiting = new Set<string>();

  constructor(options: FolderCamerasOptions) {
    this.#options = options;
  }

  /** The camera of a file below the watched folder; null where it lies in no camera's folder. */
  of(relativePath: string): FolderCamera | null {
    const { site, fixed } = this.#options;
    const folder = fixed ?? relativePath.split("/").slice(0, -1)[0];
    if (folder === undefined) return null;
    return { folder, id: site.listedId(folder) ?? cameraId(folder) };
  }

  /** Whether the id is the folder's own; a folder whose id another one has waits until it is given one. */
  mayUse({ folder, id }: FolderCamera): boolean {
    const { site, fixed, onError } = this.#options;
    const holder = site.claimCamera(id, folder);
    // A camera that the node's form names is meant to be that one.
    if (holder === folder || fixed !== null) return true;
    if (!this.#waiting.has(folder)) {
      this.#waiting.add(folder);
      onError(
        new MediaError(
          "CAMERA_ID_TAKEN",
          `The folders "${folder}" and "${holder}" both make the camera id "${id}": the files in "${folder}" wait until the site's camera list gives it an id of its own`,
        ),
      );
    }
    return false;
  }
}
