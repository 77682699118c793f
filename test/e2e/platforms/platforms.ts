/** Where Vigil runs besides the machines that test it. */

export interface Platform {
  readonly name: string;
  /** The processor, as Debian calls it; arm64 is emulated. */
  readonly architecture: "amd64" | "arm64";
  /** The release of Debian that has its C library, and all the packages that Node and its add-ons need. */
  readonly release: string;
  readonly packages: readonly string[];
  /** What pip calls it. */
  readonly tag: string;
}

/** 1.2.5, as in Alpine 3.21 and 3.22. */
const MUSL = { release: "trixie", packages: ["musl"] };

export const PLATFORMS: readonly Platform[] = [
  { name: "musl-amd64", architecture: "amd64", ...MUSL, tag: "musllinux_1_2_x86_64" },
  { name: "musl-arm64", architecture: "arm64", ...MUSL, tag: "musllinux_1_2_aarch64" },
  // The oldest Debian whose C library better-sqlite3 takes.
  {
    name: "glibc-arm64",
    architecture: "arm64",
    release: "bookworm",
    packages: ["libstdc++6"],
    tag: "manylinux_2_17_aarch64",
  },
];
