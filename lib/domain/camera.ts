/** A camera: where its uploads come from and what people call it. */
import { z } from "zod";

/** `[a-z0-9_]+`, at most 64 characters: what MQTT topics, Home Assistant ids and file names all accept. */
export const CameraId = z
  .string()
  .regex(/^[a-z0-9_]{1,64}$/, "a camera id has only a-z, 0-9 and _, 64 characters at most");

/** The longest that an owner may write of a camera, in characters. */
export const PURPOSE_LENGTH = 200;

/** A camera of a site, found as a folder or listed in the site's configuration. */
export interface Camera {
  readonly camera_id: string;
  readonly name: string;
  /** IANA time zone of the camera's clock. */
  readonly time_zone: string;
  /** What it watches, and what is usual there, in its owner's words; empty where nothing was said. */
  readonly purpose: string;
}
