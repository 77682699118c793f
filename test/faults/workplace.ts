/** The folders of one trial. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DATABASE_FILE } from "../../lib/store/store.ts";
import { nodeFiles } from "./child.ts";

/** Room for the store and its reserve, and soon filled. */
const DISK_SIZE = "96m";

export class Workplace {
  /** What the cameras upload to, and where a file can wait to be moved there. */
  readonly cameras: string;
  readonly spool: string;
  readonly dataDir: string;
  readonly database: string;
  readonly durableFile: string;
  readonly userDir: string;
  readonly brokerMemory: string;
  /** Where copies of the store are looked at. */
  readonly morgue: string;
  /** The small disk of its own that the data folder lies on; null where this machine does not let us mount one. */
  readonly disk: string | null;
  readonly #folder: string;
  readonly #removeAtExit = () => this.remove();

  /** `sources`: the folder with the package's `nodes`. */
  constructor(sources: string) {
    this.#folder = mkdtempSync(join(tmpdir(), "vigil-soak-"));
    this.cameras = this.#make("cameras");
    this.spool = this.#make("spool");
    this.brokerMemory = this.#make("broker");
    this.morgue = this.#make("morgue");
    this.durableFile = join(this.#folder, "durable");
    const disk = this.#make("disk");
    this.disk = mountSmallDisk(disk) ? disk : null;
    this.dataDir = join(disk, "data");
    this.database = join(this.dataDir, DATABASE_FILE);
    this.userDir = this.#make("node-red");
    installNodes(this.userDir, sources);
    process.once("exit", this.#removeAtExit);
  }

  /** What the next start of Node-RED finds. */
  writeFlows(flows: readonly object[]): void {
    writeFileSync(join(this.userDir, "flows.json"), JSON.stringify(flows));
  }

  remove(): void {
    process.off("exit", this.#removeAtExit);
    if (this.disk !== null) execFileSync("umount", ["--lazy", this.disk]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #make(name: string): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder);
    return folder;
  }
}

/** Installs in Node-RED's user directory a package that is the sources: as any other, and loaded without a build. */
export function installNodes(userDir: string, sources: string): void {
  const folder = join(userDir, "node_modules", "vigil");
  mkdirSync(folder, { recursive: true });
  const manifest = { name: "vigil", version: "0.0.0", "node-red": { nodes: nodeFiles(sources) } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  symlinkSync(join(sources, "nodes"), join(folder, "nodes"), "junction");
}

function mountSmallDisk(folder: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_SIZE}`, "tmpfs", folder], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
