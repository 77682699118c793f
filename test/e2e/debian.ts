/**
 * Programs out of another release of Debian than this machine's: its packages are unpacked into a folder of their own,
 * and nothing is installed. No root needed.
 */
import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";

export interface Unpacked {
  readonly root: string;
  /** Its own dynamic loader, which runs its programs with its own C library. */
  readonly loader: string;
  /** Where its shared libraries lie, for the loader's `--library-path`. */
  readonly libraryPath: string;
}

/** What tests fetch once and keep. */
export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "node-red-contrib-vigil");

const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";
const run = promisify(execFile);

/** Packages of a release with all that they need, in the folder of that name in the cache. May run several at once. */
export async function unpackDebian(name: string, release: string, packages: readonly string[]): Promise<Unpacked> {
  const root = join(CACHE, name);
  await cached(root, (work) => extractDebian(work, release, packages));
  const [loader] = globSync("{,usr/}lib/*-linux-gnu/ld-linux*", { cwd: root });
  if (!loader) throw new Error(`${root} has no loader; remove it and try again`);
  const folders = globSync("{,usr/}lib/*-linux-gnu", { cwd: root }).map((folder) => join(root, folder));
  return { root, loader: join(root, loader), libraryPath: folders.join(delimiter) };
}

/**
 * Packages of a release with all that they need, in a folder below `work`; of another `architecture` than this machine's
 * where one is named.
 */
export async function extractDebian(
  work: string,
  release: string,
  packages: readonly string[],
  architecture?: string,
): Promise<string> {
  const archives = await download(join(work, "apt"), release, packages, architecture);
  const extracted = join(work, "root");
  for (const archive of archives) await run("dpkg-deb", ["--extract", archive, extracted]);
  return extracted;
}

/** Has a folder of the cache made where it is not there: `make` gets an empty one, and says what to move into place. */
export async function cached(folder: string, make: (work: string) => Promise<string>): Promise<void> {
  if (existsSync(folder)) return;
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(join(dirname(folder), "making-"));
  try {
    // In one step, so that what is there is whole; another run may have been faster.
    await rename(await make(work), folder).catch((error) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** By this machine's apt with a state of its own, from the mirror that it uses. */
async function download(
  work: string,
  release: string,
  packages: readonly string[],
  architecture?: string,
): Promise<string[]> {
  const apt = {
    ...(architecture && { "APT::Architecture": architecture }),
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
  await writeFile(join(work, "sources.list"), `deb [signed-by=${KEYRING}] ${mirror()} ${release} main\n`);
  // Without that, a mirror that is out of reach is no error here, and a package that is not known the next one.
  await run("apt-get", [...options, "-q", "--error-on=any", "update"]);
  await run("apt-get", [...options, "-q", "-y", "--no-install-recommends", "--download-only", "install", ...packages]);
  const names = await readdir(archives);
  return names.filter((name) => name.endsWith(".deb")).map((name) => join(archives, name));
}

/** The Debian mirror that this machine's apt is set up with. */
function mirror(): string {
  const sources = globSync(["/etc/apt/sources.list", "/etc/apt/sources.list.d/*.{list,sources}"]);
  const text = sources.map((file) => readFileSync(file, "utf8")).join("\n");
  const sites = [...text.matchAll(/^(?:deb(?:\s+\[.*?\])?|URIs:)\s+(\S+)/gm)].map(([, site = ""]) => site);
  const site = sites.find((name) => /debian/.test(name) && !name.includes("security"));
  if (!site) throw new Error("There is no Debian mirror in /etc/apt");
  return site;
}
