/**
 * Machines as their nvidia-smi answers. `recorded`: on a machine of ours. `reported`: cells that somebody has shown in
 * public; what that report does not show is as a card that does not tell it has it.
 */
import type { Field } from "../../lib/ops/nvidia-csv.ts";

export interface Machine {
  readonly what: string;
  /** For each card, the cells as they are printed. */
  readonly cards: readonly Partial<Record<Field, string>>[];
  /** Fields that its driver does not know. */
  readonly lacks?: readonly Field[];
}

export const H200: Machine = {
  // Recorded.
  what: "an H200, driver 580.159.04",
  cards: [
    {
      index: "0",
      uuid: "GPU-9d8fd594-6be8-dce6-87f6-7cb487c62d94",
      name: "NVIDIA H200",
      driver_version: "580.159.04",
      "temperature.gpu": "38",
      "utilization.gpu": "0",
      "memory.used": "0",
      "memory.total": "143771",
      "power.draw": "78.58",
      "power.limit": "700.00",
      "fan.speed": "[N/A]",
      "mig.mode.current": "Disabled",
    },
  ],
};

export const MIG: Machine = {
  // Reported: Stability-AI/StableSwarmUI#388, in an unprivileged container.
  what: "a divided A100, driver 535.161.08",
  cards: [
    {
      name: "NVIDIA A100-SXM4-80GB",
      driver_version: "535.161.08",
      "temperature.gpu": "47",
      "utilization.gpu": "[N/A]",
      "memory.used": "[Insufficient Permissions]",
      "memory.total": "[Insufficient Permissions]",
      "mig.mode.current": "Enabled",
    },
  ],
};

export const OLD_DRIVER: Machine = {
  // Reported: Ricks-Lab/gpu-utils#83, which also shows that it says N/A without brackets. MIG came with 450.
  what: "an RTX 2080, driver 440.64",
  cards: [
    {
      uuid: "GPU-22b2c6ac-2d49-4863-197c-9c469071178a",
      name: "GeForce RTX 2080",
      driver_version: "440.64",
      "temperature.gpu": "45",
      "utilization.gpu": "86",
      "memory.total": "7979",
      "memory.used": "N/A",
      "power.draw": "176.98",
      "power.limit": "200.00",
      "fan.speed": "100",
    },
  ],
  lacks: ["mig.mode.current"],
};

export const UNKNOWN_ERROR: Machine = {
  // Reported: Quake4/MindMiner#627, there in a field that is not asked for here; enkore/i3pystatus#850 has it of fan.speed.
  what: "an RTX 2080 Ti, driver 442.19, with a fault",
  cards: [
    {
      name: "GeForce RTX 2080 Ti",
      "temperature.gpu": "56",
      "utilization.gpu": "100",
      "power.draw": "228.82",
      "power.limit": "210.00",
      "fan.speed": "[Unknown Error]",
    },
  ],
  lacks: ["mig.mode.current"],
};

export const UNSUPPORTED: Machine = {
  // Reported: responsibleproblemsolving/energy-usage#1; that it was a GT 710 is ours.
  what: "a GT 710 that supports little",
  cards: [{ name: "GeForce GT 710", "temperature.gpu": "41", "power.draw": "[Not Supported]", "power.limit": "ERR!" }],
};

export const UNIFIED_MEMORY: Machine = {
  // Reported: XuehaiPan/nvitop#208.
  what: "a GB10, driver 580.173.02, which shares the machine's memory",
  cards: [
    {
      name: "NVIDIA GB10",
      driver_version: "580.173.02",
      "temperature.gpu": "35",
      "utilization.gpu": "0",
      "memory.used": "[N/A]",
      "memory.total": "[N/A]",
      "power.draw": "11.17",
    },
  ],
};

export const JETSON: Machine = {
  // Reported: anduril/jetpack-nixos#371, ultralytics/ultralytics#20680. Before JetPack 6 there is no nvidia-smi.
  what: "a Jetson Orin, driver 540.4.0",
  cards: [{ index: "0", name: "Orin (nvgpu)", driver_version: "540.4.0" }],
};

export const SEVEN_CARDS: Machine = {
  // Reported: wookayin/gpustat#5, there with an eighth.
  what: "seven TITAN X",
  cards: (
    [
      ["004f693d-767b-b215-b4a9-a18af0ffd643", "25", "0", "802"],
      ["86fe97db-bf54-a056-4e8d-9b07e1a298e7", "54", "86", "10032"],
      ["2090c509-a97a-e2fe-68f4-cf9e874c36f2", "55", "85", "6442"],
      ["f0e47078-b19f-a3ff-bf2e-03a4c5fe3c2a", "58", "60", "6442"],
      ["637ac0be-f0e1-b056-bf28-b2c046e5e17e", "55", "84", "6459"],
      ["4168500a-bee8-3b4d-ba1b-75289a4afdcd", "54", "83", "6440"],
      ["92ce5025-17c0-7c83-d2eb-a697262d4c46", "56", "83", "6451"],
    ] as const
  ).map(([uuid, temperature, utilization, used], index) => ({
    index: String(index),
    uuid: `GPU-${uuid}`,
    name: "GeForce GTX TITAN X",
    "temperature.gpu": temperature,
    "utilization.gpu": utilization,
    "memory.used": used,
    "memory.total": "12206",
  })),
  lacks: ["mig.mode.current", "power.limit"],
};

/** How it fails: what it prints, and with which status it ends. */
export interface Failure {
  readonly what: string;
  readonly stdout: string;
  readonly status: number;
}

export const FAILURES: readonly Failure[] = [
  // Recorded.
  { what: "finds no card", stdout: "No devices were found\n", status: 6 },
  // Reported: mozilla/translations#1167.
  {
    what: "does not fit the driver",
    stdout: "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.144\n",
    status: 18,
  },
  // Reported in many places; status 9 is that of its manual for a driver that is not loaded.
  {
    what: "does not reach the driver",
    stdout:
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n",
    status: 9,
  },
  // Reported: meta-llama/llama-models#200; status 15 is that of its manual for a card that fell off the bus.
  {
    what: "has lost a card",
    stdout: "Unable to determine the device handle for GPU0000:17:00.0: Unknown Error\n",
    status: 15,
  },
  // Nobody's: a field that is not ours.
  { what: "knows no field", stdout: 'Field "nonsense" is not a valid field to query.\n\n', status: 2 },
];
