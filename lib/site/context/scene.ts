/** Tells that a camera's view is not as it always is: blocked, moved, out of focus or frozen. */
import type { Site } from "../site.ts";
import type { ContextSource } from "./source.ts";

export function sceneSource(site: Site): ContextSource {
  return {
    part: "scene",
    gather: ({ camera_id }) => {
      const known = site.views.oddityOf(camera_id);
      return known && { known };
    },
  };
}
