/** The versions of Home Assistant under test: the oldest that Vigil promises to work with, and the newest. */

export interface Version {
  readonly homeAssistant: string;
  /** What it needs, and the release of Debian that has it. */
  readonly python: string;
  readonly debian: string;
  /** The day after its release. What its packages need without naming a version is taken as it was then. */
  readonly before: string;
  /** Packages that are published only as sources: all of plain Python, so that nothing has to be compiled. */
  readonly fromSource: readonly string[];
  /**
   * Modules that would have to be compiled, with the names imported from them: the phone's integration imports the voice
   * assistant, which imports them, and nobody speaks here. Empty ones stand in.
   */
  readonly unspoken: Readonly<Record<string, string>>;
}

export const OLDEST: Version = {
  homeAssistant: "2024.3.3",
  python: "3.11",
  debian: "bookworm",
  before: "2024-04-01",
  fromSource: ["pyric", "pyturbojpeg", "paho-mqtt", "fnvhash", "hassil"],
  unspoken: {},
};

export const NEWEST: Version = {
  homeAssistant: "2026.11.0",
  python: "3.14",
  debian: "forky",
  before: "2026-11-25",
  fromSource: ["pyric", "pyturbojpeg"],
  unspoken: { pymicro_vad: "MicroVad", pyspeex_noise: "AudioProcessor" },
};

export const VERSIONS = [OLDEST, NEWEST] as const;
