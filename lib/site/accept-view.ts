/** The command by which people say that what a camera shows now is right. */
import { z } from "zod";
import { CameraId } from "../domain/camera.ts";
import { InputError } from "../resilience/errors.ts";
import type { Command } from "./behaviour.ts";
import { parsePayload } from "./parse-payload.ts";
import type { Site } from "./site.ts";

const Accepted = z.string("must be the id of a camera").trim().pipe(CameraId);

export function acceptView(site: Site): Command {
  return (payload) => {
    const camera_id = parsePayload(Accepted, payload);
    if (!site.store.cameras.ids().includes(camera_id)) {
      throw new InputError("NO_SUCH_CAMERA", `There is no camera "${camera_id}" on this site`);
    }
    site.views.accept(camera_id);
    return { camera_id, view: site.views.stateOf(camera_id) };
  };
}
