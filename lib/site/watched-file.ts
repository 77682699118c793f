/** Where in a watched folder an upload is. */
import { join } from "node:path";
import type { Upload } from "../domain/upload.ts";
import type { UploadFile } from "../store/uploads.ts";
import type { Site } from "./site.ts";

/** The upload's file in a watched folder, if that is what its path names, and not a picture made of it. */
export function watchedFile(
  { upload_id, path }: Pick<Upload, "upload_id" | "path">,
  { store }: Site,
): UploadFile | undefined {
  const found = store.uploads.fileOf(upload_id);
  return found && join(found.root, found.path) === path ? found : undefined;
}
