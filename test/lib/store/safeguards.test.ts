import { deepEqual, equal } from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { BACKUP_FILE } from "../../../lib/store/backup.ts";
import { startSafeguards } from "../../../lib/store/safeguards.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { openStore, removeStores } from "./support.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe("startSafeguards", () => {
  let stop: () => Promise<void>;

  afterEach(async () => {
    await stop();
    removeStores();
  });

  function start() {
    const folder = tempFolder();
    openStore(folder);
    const clock = new FakeClock();
    const errors: unknown[] = [];
    stop = startSafeguards(folder, clock, (error) => errors.push(error));
    const ballast = join(folder, "ballast");
    const backup = join(folder, BACKUP_FILE);
    /** Both have been looked after when the next time is set. */
    const look = async (ms: number) => {
      clock.advance(ms);
      await eventually(() => clock.pending === 1, "both to be looked after");
    };
    return { clock, errors, ballast, backup, look };
  }

  it("makes a ballast and a backup a minute after the start", async () => {
    const { clock, errors, ballast, backup, look } = start();
    clock.advance(MINUTE_MS - 1);
    equal(clock.pending, 1);
    equal(existsSync(ballast), false);
    await look(1);
    equal(existsSync(ballast), true);
    equal(statSync(backup).mtimeMs, clock.now());
    deepEqual(errors, []);
  });

  it("makes the ballast again when it is gone, and a backup every night", async () => {
    const { clock, errors, ballast, backup, look } = start();
    await look(MINUTE_MS);
    const first = statSync(backup).mtimeMs;
    rmSync(ballast);
    await look(HOUR_MS);
    equal(existsSync(ballast), true);
    equal(statSync(backup).mtimeMs, first);
    await look(24 * HOUR_MS);
    equal(statSync(backup).mtimeMs > first, true);
    equal(clock.now() - statSync(backup).mtimeMs < 24 * HOUR_MS, true);
    deepEqual(errors, []);
  });

  it("tells of what fails, and tries it again", async () => {
    const { errors, ballast, backup, look } = start();
    mkdirSync(join(`${ballast}.tmp`, "in the way"), { recursive: true });
    await look(MINUTE_MS);
    equal(errors.length, 1);
    equal(existsSync(backup), true, "the other is made all the same");
    rmSync(`${ballast}.tmp`, { recursive: true });
    await look(HOUR_MS);
    equal(errors.length, 1);
    equal(existsSync(ballast), true);
  });

  it("stops in the middle, and says nothing of it", async () => {
    const { clock, errors, ballast, backup } = start();
    clock.advance(MINUTE_MS);
    await stop();
    equal(existsSync(ballast), false);
    equal(existsSync(backup), false);
    equal(clock.pending, 0);
    deepEqual(errors, []);
  });
});
