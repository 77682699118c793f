import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import fc from "fast-check";
import { GpuSample } from "../../../lib/domain/gpu.ts";
import { FIELDS, parseCards } from "../../../lib/ops/nvidia-csv.ts";
import { NvidiaSmi } from "../../../lib/ops/nvidia-smi.ts";
import { systemClock } from "../../../lib/resilience/clock.ts";
import { ToolError } from "../../../lib/resilience/errors.ts";
import { eventually } from "../../support/eventually.ts";
import {
  FAILURES,
  H200,
  JETSON,
  type Machine,
  MIG,
  OLD_DRIVER,
  SEVEN_CARDS,
  UNIFIED_MEMORY,
  UNKNOWN_ERROR,
  UNSUPPORTED,
} from "../../support/nvidia-machines.ts";
import { type Behaviour, type NvidiaSmiStandIn, nvidiaSmiStandIn } from "../../support/nvidia-smi.ts";
import { removeTempFolders, tempFolder } from "../../support/temp-folder.ts";

const NOTHING = {
  source: "nvidia-smi",
  driver_version: null,
  temperature: null,
  utilization: null,
  memory_used: null,
  memory_total: null,
  power_draw: null,
  power_limit: null,
  fan_speed: null,
  mig: null,
};

const MACHINES: [Machine, object[]][] = [
  [
    H200,
    [
      {
        gpu_id: "9d8fd594",
        name: "NVIDIA H200",
        driver_version: "580.159.04",
        temperature: 38,
        utilization: 0,
        memory_used: 0,
        memory_total: 143_771,
        power_draw: 78.58,
        power_limit: 700,
        mig: false,
      },
    ],
  ],
  [MIG, [{ gpu_id: "0", name: "NVIDIA A100-SXM4-80GB", driver_version: "535.161.08", temperature: 47, mig: true }]],
  [
    OLD_DRIVER,
    [
      {
        gpu_id: "22b2c6ac",
        name: "GeForce RTX 2080",
        driver_version: "440.64",
        temperature: 45,
        utilization: 86,
        memory_total: 7979,
        power_draw: 176.98,
        power_limit: 200,
        fan_speed: 100,
      },
    ],
  ],
  [
    UNKNOWN_ERROR,
    [
      {
        gpu_id: "0",
        name: "GeForce RTX 2080 Ti",
        temperature: 56,
        utilization: 100,
        power_draw: 228.82,
        power_limit: 210,
      },
    ],
  ],
  [UNSUPPORTED, [{ gpu_id: "0", name: "GeForce GT 710", temperature: 41 }]],
  [
    UNIFIED_MEMORY,
    [
      {
        gpu_id: "0",
        name: "NVIDIA GB10",
        driver_version: "580.173.02",
        temperature: 35,
        utilization: 0,
        power_draw: 11.17,
      },
    ],
  ],
  [JETSON, [{ gpu_id: "0", name: "Orin (nvgpu)", driver_version: "540.4.0" }]],
];

describe("NvidiaSmi", () => {
  let standIn: NvidiaSmiStandIn;
  const never = new AbortController().signal;

  const smiOf = (behaviour: Behaviour, timeoutMs = 10_000) => {
    standIn = nvidiaSmiStandIn(tempFolder(), behaviour);
    return new NvidiaSmi({ command: standIn.command, timeoutMs, clock: systemClock });
  };
  const failsWith = (code: string, message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof ToolError);
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
  after(removeTempFolders);

  for (const [machine, expected] of MACHINES) {
    it(`reads ${machine.what}, and makes nothing up`, async () => {
      const samples = await smiOf({ machine }).read(never);
      assert.deepEqual(
        samples,
        expected.map((sample) => ({ ...NOTHING, ...sample })),
      );
    });
  }

  it("reads all cards, whose driver knows two fields less, and asks for those only once", async () => {
    const smi = smiOf({ machine: SEVEN_CARDS });
    const samples = await smi.read(never);
    assert.deepEqual(
      samples.map(({ temperature }) => temperature),
      [25, 54, 55, 58, 55, 54, 56],
    );
    assert.equal(new Set(samples.map(({ gpu_id }) => gpu_id)).size, 7);
    await smi.read(never);
    const known = FIELDS.filter((field) => field !== "mig.mode.current" && field !== "power.limit");
    assert.equal(standIn.runs.length, 4);
    assert.deepEqual(standIn.runs.slice(2), [known, known]);
  });

  for (const failure of FAILURES) {
    it(`repeats what it says where it ${failure.what}`, async () => {
      const [line = ""] = failure.stdout.split("\n");
      await assert.rejects(smiOf({ failure }).read(never), (error: Error) => {
        assert.ok(error.message.includes(line), error.message);
        return failsWith("NVIDIA_SMI_FAILED", new RegExp(`failed \\(${failure.status}\\)`))(error);
      });
    });
  }

  it("says so where it is not there, or not to be run", async () => {
    const missing = new NvidiaSmi({ command: "no-such-nvidia-smi", timeoutMs: 1_000, clock: systemClock });
    await assert.rejects(missing.read(never), failsWith("NVIDIA_SMI_MISSING", /is not on this machine/));
    const forbidden = smiOf({ machine: H200 });
    chmodSync(standIn.command, 0o644);
    await assert.rejects(forbidden.read(never), failsWith("NVIDIA_SMI_MISSING", /cannot be run/));
  });

  it("is run without a shell", async () => {
    const shell = new NvidiaSmi({ command: "echo 0; echo", timeoutMs: 1_000, clock: systemClock });
    await assert.rejects(shell.read(never), failsWith("NVIDIA_SMI_MISSING", /is not on this machine/));
  });

  it("is ended where it hangs, and read again when it does not", async () => {
    const smi = smiOf("hang", 500);
    await assert.rejects(smi.read(never), failsWith("NVIDIA_SMI_TIMEOUT", /did not answer within 0.5 s/));
    standIn.behave({ machine: H200 });
    await eventually(() => smi.read(never).catch(() => false), "the cards");
  });

  it("is not started a second time while the first cannot be ended", async () => {
    const smi = smiOf("stuck", 500);
    await assert.rejects(smi.read(never), failsWith("NVIDIA_SMI_TIMEOUT", /did not answer/));
    await assert.rejects(smi.read(never), failsWith("NVIDIA_SMI_TIMEOUT", /still does not answer, nor end/));
    assert.equal(standIn.runs.length, 1);
    standIn.behave({ machine: H200 });
    await eventually(() => smi.read(never).catch(() => false), "the cards");
    assert.equal(standIn.runs.length, 2);
  });

  it("is ended where it floods", async () => {
    await assert.rejects(smiOf("flood").read(never), failsWith("NVIDIA_SMI_REPLY", /more than 64 KiB/));
  });

  it("is abandoned when the node closes", async () => {
    const closing = new AbortController();
    const reading = smiOf("hang").read(closing.signal);
    await eventually(() => standIn.runs.length === 1, "the run");
    closing.abort();
    await assert.rejects(reading, { name: "AbortError" });
  });
});

describe("parseCards", () => {
  for (const [what, csv] of [
    ["nothing", "\n"],
    ["a sentence", "No devices were found\n"],
    ["a cell too few", "0, GPU-1\n"],
    [
      "more lines than any machine has cards",
      "0,"
        .repeat(FIELDS.length - 1)
        .concat("0\n")
        .repeat(65),
    ],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => parseCards(csv, FIELDS), { code: "NVIDIA_SMI_REPLY" }));
  }

  it("makes samples, or an error of ours, of anything", () => {
    const cell = fc.oneof(
      fc.string(),
      fc.double().map(String),
      fc.constantFrom("[N/A]", "ERR!", "1e9", "-1", "Enabled"),
    );
    const line = fc.array(cell, { minLength: FIELDS.length, maxLength: FIELDS.length }).map((cells) => cells.join(","));
    fc.assert(
      fc.property(
        fc.array(line).map((lines) => lines.join("\n")),
        (csv) => {
          try {
            for (const sample of parseCards(csv, FIELDS)) GpuSample.parse(sample);
          } catch (error) {
            assert.ok(error instanceof ToolError);
          }
        },
      ),
    );
  });
});
