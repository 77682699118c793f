/** Groups of labels: what alerts, entities and rules ask for, whichever of its words a detector uses. */
import { z } from "zod";

export const LabelGroup = z.enum(["person", "vehicle", "animal"]);
export type LabelGroup = z.infer<typeof LabelGroup>;

/** The classes of COCO, which nearly all detectors know, and the other names that some give them. */
const GROUPS: Readonly<Record<LabelGroup, readonly string[]>> = {
  person: ["person", "pedestrian"],
  vehicle: ["car", "truck", "bus", "motorcycle", "motorbike", "bicycle", "van", "train", "boat"],
  animal: ["dog", "cat", "bird", "horse", "sheep", "cow", "bear", "elephant", "zebra", "giraffe"],
};

const GROUP_OF: ReadonlyMap<string, LabelGroup> = new Map(
  LabelGroup.options.flatMap((group) => [group, ...GROUPS[group]].map((label) => [label, group] as const)),
);

/** The group of a label, in any case; null for one of none, such as `motion` or `chair`. */
export function groupOf(label: string): LabelGroup | null {
  return GROUP_OF.get(label.toLowerCase()) ?? null;
}

/** What a thing is, as far as detectors agree: one may call it a car and then a truck. */
export function kindOfLabel(label: string): string {
  return groupOf(label) ?? label.toLowerCase();
}

/** Whether a label is one of the wanted, or of a group that is: `vehicle` takes a car. In any case. */
export function isWanted(label: string, wanted: readonly string[]): boolean {
  const names = [label.toLowerCase(), groupOf(label)];
  return wanted.some((want) => names.includes(want.toLowerCase()));
}
