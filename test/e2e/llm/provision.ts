/** A real llama-server: the one on PATH, or Debian's: about 80 MB, once. */
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { unpackDebian } from "../debian.ts";

/** How to start a llama-server: what stands before its own arguments, and where. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** The working folder; absent where any will do. */
  readonly cwd?: string;
}

/** The first release of Debian with llama.cpp. */
const RELEASE = "forky";

/** Finds a llama-server, or gets one, which takes half a minute. May run several times at once. */
export async function provideLlamaServer(): Promise<Program> {
  const installed = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "llama-server"));
  const command = installed.find(existsSync);
  if (command) return { command, args: [] };
  const { root, loader, libraryPath } = await unpackDebian(`llama-server-${RELEASE}`, RELEASE, ["llama.cpp-tools"]);
  const libraries = dirname(loader);
  return {
    command: loader,
    args: [
      "--library-path",
      [libraryPath, join(libraries, "llama")].join(delimiter),
      join(root, "usr/bin/llama-server"),
    ],
    // Where it looks for the code for this machine's processor, beside the folder that it was built for.
    cwd: join(libraries, "ggml/backends0"),
  };
}
