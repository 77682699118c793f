/**
 * `npm run dashboard`: prints the dashboard for Home Assistant, of the site that `npm start` runs or of another one:
 * `npm run --silent dashboard -- DATA_FOLDER SITE_ID`. It only reads the data folder, also while Node-RED runs.
 */
import { dashboardYaml } from "../lib/homeassistant/dashboard.ts";
import { VigilError } from "../lib/resilience/errors.ts";
import { nameByFolder } from "../lib/site/camera-name.ts";
import { readCameras } from "../lib/store/read-cameras.ts";
import { readEnvironment } from "./environment.ts";

const [dataFolder = process.env.VIGIL_DATA_DIR, siteId = process.env.VIGIL_SITE] = process.argv.slice(2);

try {
  const { VIGIL_DATA_DIR, VIGIL_SITE } = readEnvironment({
    ...(dataFolder !== undefined && { VIGIL_DATA_DIR: dataFolder }),
    ...(siteId !== undefined && { VIGIL_SITE: siteId }),
  });
  const cameras = readCameras(VIGIL_DATA_DIR).map(({ camera_id, folder }) => ({
    camera_id,
    name: nameByFolder(camera_id, folder),
  }));
  process.stdout.write(dashboardYaml({ siteId: VIGIL_SITE, siteName: VIGIL_SITE, cameras }));
} catch (error) {
  if (!(error instanceof VigilError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
