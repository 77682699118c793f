/** Which files below a data folder are pictures of the site's own, by their names. */
import { INBOX, PICTURES, STILLS, THUMBNAILS } from "../site.ts";

/** The folder of each kind of picture that belongs to one record. */
export const FOLDER_OF = { thumbnail: THUMBNAILS, still: STILLS, picture: PICTURES } as const;
export type OwnKind = keyof typeof FOLDER_OF;

const CAMERA = /^[a-z0-9_]+$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

/**
 * Where a record's picture lies, relative to the data folder. Null for any other path: records come from elsewhere too.
 * What leads to the data folder does not count, because people move it.
 */
export function ownFile(kind: OwnKind, id: string, path: string | null): string | null {
  const [folder = "", camera = "", day = "", name = ""] = path?.split(/[\\/]/).slice(-4) ?? [];
  const isOwn = folder === FOLDER_OF[kind] && CAMERA.test(camera) && DAY.test(day) && name === `${id}.jpg`;
  return isOwn ? [folder, camera, day, name].join("/") : null;
}

const INBOX_FILE = /^[0-9a-f]{64}\.(?:jpg|png|mp4|avi|mkv)$/;

/** The same for the bytes of an upload that came in a message, which several uploads may share. */
export function inboxFile(path: string): string | null {
  const [folder, name = ""] = path.split(/[\\/]/).slice(-2);
  return folder === INBOX && INBOX_FILE.test(name) ? `${INBOX}/${name}` : null;
}
