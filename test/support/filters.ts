/** Filters that let pass whatever has a confidence of 0.5, as a new `detect` node has them. */
import type { Filters } from "../../lib/detect/filters.ts";

export const noFilters: Filters = { minConfidence: 0.5, thresholds: new Map(), labels: [], minArea: 0, masks: [] };
