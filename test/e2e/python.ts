/** A Python from Debian, with pip. */
import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { chmod, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unpackDebian } from "./debian.ts";

/** A program that can be called from anywhere, and by itself: it starts the real one with the C library of its Debian. */
export async function providePython(version: string, release: string): Promise<string> {
  const packages = [`python${version}`, "python3-pip-whl"];
  const { root, loader, libraryPath } = await unpackDebian(`python-${version}`, release, packages);
  const folder = join(root, "usr/bin");
  // Beside the real one, from whose place Python derives where its own files are.
  const program = join(folder, "vigil-python");
  if (existsSync(program)) return program;
  const call = `exec "${loader}" --argv0 "$0" --library-path "${libraryPath}" "${join(folder, `python${version}`)}" "$@"`;
  const draft = `${program}.${process.pid}`;
  await writeFile(draft, `#!/bin/sh\n${call}\n`);
  await chmod(draft, 0o755);
  await rename(draft, program);
  return program;
}

/** Has such a Python put a package without what it depends on into a folder; `options` are pip's. */
export async function pipInstall(python: string, folder: string, requirement: string, ...options: string[]) {
  const [pip = ""] = globSync(join(dirname(python), "../share/python-wheels/pip-*.whl"));
  const usual = ["--quiet", "--only-binary", ":all:", "--no-deps", "--target", folder];
  await promisify(execFile)(python, [join(pip, "pip"), "install", ...usual, ...options, requirement]);
}
