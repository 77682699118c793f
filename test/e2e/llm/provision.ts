/**
 * A real llama-server: the one on PATH, or Debian's. Where Debian's release is too old to have it, the packages of the
 * next one are unpacked into a folder of their own, and nothing is installed: about 80 MB, once, and no root needed.
 */
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** How to start a llama-server: what stands before its own arguments, and where. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** The working folder; absent where any will do. */
  readonly cwd?: string;
}

const run = promisify(execFile);

/** The first release of Debian with llama.cpp. */
const RELEASE = "forky";
const PACKAGE = "llama.cpp-tools";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "node-red-contrib-vigil");
const ROOT = join(CACHE, `llama-server-${RELEASE}`);

/** Finds a llama-server, or gets one, which takes half a minute. May run several times at once. */
export async function provideLlamaServer(): Promise<Program> {
  const installed = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "llama-server"));
  const command = installed.find(existsSync);
  if (command) return { command, args: [] };
  if (!existsSync(ROOT)) await unpack();
  return unpacked();
}

/** Runs with its own C library, by that library's loader. */
async function unpacked(): Promise<Program> {
  const libraries = join(ROOT, "usr/lib");
  const triplet = (await readdir(libraries)).find((name) => name.endsWith("-linux-gnu")) ?? "";
  const folder = join(libraries, triplet);
  const loader = (await readdir(folder)).find((name) => name.startsWith("ld-linux"));
  if (!loader) throw new Error(`${folder} has no loader; remove ${ROOT} and try again`);
  return {
    command: join(folder, loader),
    args: ["--library-path", [folder, join(folder, "llama")].join(delimiter), join(ROOT, "usr/bin/llama-server")],
    // Where it looks for the code for this machine's processor, beside the folder that it was built for.
    cwd: join(folder, "ggml/backends0"),
  };
}

async function unpack(): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, "unpacking-"));
  try {
    const archives = await download(work);
    const root = join(work, "root");
    for (const archive of archives) await run("dpkg-deb", ["--extract", archive, root]);
    // In one step, so that what is there is whole; another run may have been faster.
    await rename(root, ROOT).catch((error) => {
      if (!existsSync(ROOT)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The package and all that it needs, by this machine's apt with a state of its own, from the mirror that it uses. */
async function download(work: string): Promise<string[]> {
  const apt = {
    "Dir::State": join(work, "state"),
    "Dir::State::status": join(work, "state/status"),
    "Dir::Cache": join(work, "cache"),
    "Dir::Etc::SourceList": join(work, "sources.list"),
    "Dir::Etc::SourceParts": "-",
    "Dir::Etc::Preferences": "-",
    "Dir::Etc::PreferencesParts": "-",
  };
  const options = Object.entries(apt).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  const archives = join(work, "cache/archives");
  for (const folder of [join(work, "state/lists/partial"), join(archives, "partial")]) {
    await mkdir(folder, { recursive: true });
  }
  await writeFile(join(work, "state/status"), "");
  await writeFile(join(work, "sources.list"), `deb [signed-by=${KEYRING}] ${mirror()} ${RELEASE} main\n`);
  await run("apt-get", [...options, "-q", "update"]);
  await run("apt-get", [...options, "-q", "-y", "--no-install-recommends", "--download-only", "install", PACKAGE]);
  const names = await readdir(archives);
  return names.filter((name) => name.endsWith(".deb")).map((name) => join(archives, name));
}

/** The Debian mirror that this machine's apt is set up with. */
function mirror(): string {
  const sources = globSync(["/etc/apt/sources.list", "/etc/apt/sources.list.d/*.{list,sources}"]);
  const text = sources.map((file) => readFileSync(file, "utf8")).join("\n");
  const sites = [...text.matchAll(/^(?:deb(?:\s+\[.*?\])?|URIs:)\s+(\S+)/gm)].map(([, site = ""]) => site);
  const site = sites.find((name) => !name.includes("security"));
  if (!site)
    throw new Error("There is no Debian mirror in /etc/apt; install llama.cpp so that llama-server is on PATH");
  return site;
}
