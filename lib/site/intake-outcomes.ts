/** What becomes of a file that a watch has found: it is handed on or rejected, is gone, or has to wait for later. */
import { toIso } from "../domain/time.ts";
import type { Upload } from "../domain/upload.ts";
import { loggedName } from "../media/file-name.ts";
import type { SettledFile } from "../media/settle.ts";
import type { FileSighting } from "../media/sighting.ts";
import { MediaError } from "../resilience/errors.ts";
import type { FileVersion, FoundFile } from "../store/found-files.ts";
import { CameraClocks } from "./camera-clocks.ts";
import type { FolderCameras } from "./folder-cameras.ts";
import { airHeir } from "./heirs.ts";
import type { Site } from "./site.ts";
import type { Output, Tables } from "./stage.ts";

export interface IntakeOutcomesOptions {
  readonly site: Site;
  /** Absolute path of the watched folder. */
  readonly root: string;
  readonly cameras: FolderCameras;
  /** Stores in a transaction, then sends. */
  act(work: (tables: Tables) => readonly Output[]): void;
}

const UPLOAD_PORT = 0;
const REJECTED_PORT = 1;

export class IntakeOutcomes {
  readonly #options: IntakeOutcomesOptions;
  readonly #clocks: CameraClocks;
  #taken = 0;
  #rejected = 0;

  constructor(options: IntakeOutcomesOptions) {
    this.#options = options;
    this.#clocks = new CameraClocks(options.site);
  }

  /** Files taken and rejected so far. */
  get counts(): { taken: number; rejected: number } {
    return { taken: this.#taken, rejected: this.#rejected };
  }

  /** A file is whole, or was judged as it lies. */
  take(found: FoundFile, file: SettledFile): void {
    const { cameras } = this.#options;
    const camera = cameras.of(file.relativePath);
    if (camera === null) {
      const reason =
        "it lies directly in the watched folder; put it into a folder named after its camera, or name the camera in the node";
      this.#reject(found, file, null, new MediaError("NO_CAMERA", reason));
    } else if (!cameras.mayUse(camera)) this.postpone(found);
    else if (file.problem !== null) this.#reject(found, file, camera.id, file.problem);
    else this.#hand(found, file, camera.id);
  }

  /** A file went away before its turn. */
  gone({ upload_id, path }: FoundFile): void {
    const { site, act } = this.#options;
    act((tables) => {
      tables.found.gone(upload_id);
      airHeir(tables, site, upload_id);
      tables.afterCommit(() => site.logger.warn(`${loggedName(path)} went away before it was taken`));
      return [];
    });
  }

  /** Takes a file out of the ledger that cannot be taken now; the next scan enters it again. */
  postpone({ upload_id }: FoundFile): void {
    const { site, act } = this.#options;
    act((tables) => {
      airHeir(tables, site, upload_id);
      tables.found.postpone(upload_id);
      return [];
    });
  }

  #hand(found: FoundFile, file: SettledFile & { readonly problem: null }, cameraId: string): void {
    const { site, root, act } = this.#options;
    const receivedMs = site.clock.now();
    const upload: Upload = {
      upload_id: found.upload_id,
      camera_id: cameraId,
      path: file.path,
      media_type: file.mediaType,
      size: file.size,
      captured_at: this.#clocks.capturedAt(file, cameraId, receivedMs),
      received_at: toIso(receivedMs),
      sha256: file.sha256,
    };
    act((tables) => {
      tables.cameras.hear(cameraId, upload.received_at);
      const handed = tables.found.hand(upload, versionOf(root, file));
      airHeir(tables, site, upload.upload_id);
      if (!handed) return [];
      tables.afterCommit(() => {
        this.#taken += 1;
      });
      return [
        {
          port: UPLOAD_PORT,
          topic: cameraId,
          payload: upload,
          properties: { filename: file.path },
          subject: { kind: "upload", id: upload.upload_id },
        },
      ];
    });
  }

  #reject({ upload_id }: FoundFile, file: SettledFile, cameraId: string | null, problem: MediaError): void {
    const { site, root, act } = this.#options;
    const { code, message } = problem;
    const rejection = { cameraId, receivedAt: toIso(site.clock.now()), reason: `${code}: ${message}` };
    act((tables) => {
      if (cameraId !== null) tables.cameras.hear(cameraId, rejection.receivedAt);
      const rejected = tables.found.reject(upload_id, versionOf(root, file), rejection);
      airHeir(tables, site, upload_id);
      if (!rejected) return [];
      tables.afterCommit(() => {
        this.#rejected += 1;
        site.logger.warn(`${loggedName(file.relativePath)} is rejected (${code}): ${message}`);
      });
      return [
        {
          port: REJECTED_PORT,
          topic: cameraId ?? "",
          payload: { path: file.path, size: file.size, code, reason: message },
          properties: { filename: file.path },
          subject: null,
        },
      ];
    });
  }
}

/** What tells this version of a file from all others. */
export function versionOf(root: string, { relativePath: path, size, mtimeNs }: FileSighting): FileVersion {
  return { root, path, size, mtimeNs };
}
