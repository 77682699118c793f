import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { dashboardYaml } from "../../lib/homeassistant/dashboard.ts";
import { Store } from "../../lib/store/store.ts";
import { removeTempFolders, tempFolder } from "../support/temp-folder.ts";

const PROGRAM = join(import.meta.dirname, "../../flows/dashboard.ts");
const CAMERAS = [
  { camera_id: "front_door", name: "Front Door" },
  { camera_id: "http", name: "http" },
];

describe("npm run dashboard", () => {
  let folder: string;
  let store: Store | null = null;

  beforeEach(() => {
    folder = tempFolder();
  });
  afterEach(() => {
    store?.close();
    store = null;
    removeTempFolders();
  });

  /** A store that stays open, as that of a running site. */
  const keep = (dataDir: string) => {
    mkdirSync(dataDir, { recursive: true });
    store = Store.open(dataDir);
    store.transaction(({ cameras }) => {
      cameras.claim("front_door", "Front Door", "2026-11-20T12:00:00.000Z", false);
      cameras.know("http", "2026-11-20T12:00:00.000Z");
    });
  };
  const run = (parameters: readonly string[], variables: Record<string, string> = {}) =>
    promisify(execFile)(process.execPath, [PROGRAM, ...parameters], { cwd: folder, env: variables });

  it("prints the dashboard of the site that npm start runs", async () => {
    keep(join(folder, "data/vigil"));
    const { stdout } = await run([]);
    assert.equal(stdout, dashboardYaml({ siteId: "home", siteName: "home", cameras: CAMERAS }));
  });

  it("prints that of another data folder and site, from the environment or the command line", async () => {
    keep(join(folder, "elsewhere"));
    const expected = dashboardYaml({ siteId: "cabin", siteName: "cabin", cameras: CAMERAS });
    assert.equal((await run([], { VIGIL_DATA_DIR: "elsewhere", VIGIL_SITE: "cabin" })).stdout, expected);
    assert.equal((await run(["elsewhere", "cabin"], { VIGIL_SITE: "home" })).stdout, expected);
  });

  it("says in one line what is wrong", async () => {
    await assert.rejects(run([]), { code: 1, stdout: "", stderr: /^There is no vigil\.db in [^\n]+\n$/ });
    await assert.rejects(run([".", "My home"]), {
      code: 1,
      stdout: "",
      stderr: /^VIGIL_SITE is "My home": must [^\n]+\n$/,
    });
  });
});
