/** Table `settings`: what people have set while the flows run. What nobody set has no row, and its default holds. */
import type { Database } from "better-sqlite3";
import { CAMERA_DEFAULTS, CameraSettings, SITE_DEFAULTS, SiteSettings } from "../domain/settings.ts";

/** The scope of what holds for the whole site; a camera's is its id, which is never empty. */
const SITE = "";

export class Settings {
  readonly #read;
  readonly #write;

  constructor(db: Database) {
    this.#read = db
      .prepare<[string], string>("SELECT json_group_object(key, json(value)) FROM settings WHERE scope = ?")
      .pluck();
    this.#write = db.prepare(
      "INSERT INTO settings VALUES(?, ?, ?) ON CONFLICT(scope, key) DO UPDATE SET value = excluded.value",
    );
  }

  ofCamera(cameraId: string): CameraSettings {
    return CameraSettings.parse({ ...CAMERA_DEFAULTS, ...this.#stored(cameraId) });
  }

  ofSite(): SiteSettings {
    return SiteSettings.parse({ ...SITE_DEFAULTS, ...this.#stored(SITE) });
  }

  /** Throws a ZodError for what no setting of a camera can be. */
  changeCamera(cameraId: string, change: object): void {
    this.#change(cameraId, CameraSettings.partial().strict().parse(change));
  }

  /** Throws a ZodError for what no setting of a site can be. */
  changeSite(change: object): void {
    this.#change(SITE, SiteSettings.partial().strict().parse(change));
  }

  #stored(scope: string): object {
    return JSON.parse(this.#read.get(scope) ?? "{}");
  }

  #change(scope: string, change: object): void {
    for (const [key, value] of Object.entries(change)) this.#write.run(scope, key, JSON.stringify(value));
  }
}
