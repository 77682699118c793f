/** Tells whom and what was seen before: by a number plate, or by the look, of which a model makes a vector. */
import { z } from "zod";
import { directionOf } from "../../context/reid/direction.ts";
import type { Embedder } from "../../context/services/embedder.ts";
import type { AiService } from "../../context/services/service.ts";
import { kindOf, tracksOf } from "../../context/tracks.ts";
import type { Batch } from "../../domain/batch.ts";
import { IdentityKind, PlateReading, plateOf } from "../../domain/identity.ts";
import { withDeadline } from "../../resilience/deadline.ts";
import { asError, VigilError } from "../../resilience/errors.ts";
import { unlessAborted } from "../../resilience/unless-aborted.ts";
import { type IdentifyOptions, identify, type Seen } from "../identify.ts";
import { KnownIdentities } from "../known-identities.ts";
import type { Site } from "../site.ts";
import type { ContextSource } from "./source.ts";
import { Crops, type Thing, thingsOf } from "./things.ts";

/** Who makes vectors of looks, and whether it works. */
export type LookModel = Embedder & Pick<AiService, "outage">;

export interface EntityOptions extends Pick<IdentifyOptions, "same" | "vehicles"> {
  readonly site: Site;
  readonly nodeId: string;
  /** By what they look at; without one, only plates are recognised. */
  readonly models: Readonly<Partial<Record<IdentityKind, LookModel>>>;
  /** Milliseconds that a batch waits for everything that is to be known of it. */
  readonly budgetMs: number;
}

/**
 * Those that there are among a user's services: CLIP looks at everything, an enrichment service at persons only. Only one
 * of them is used for a kind, because each knows only its own vectors.
 */
export function lookModels(
  services: Readonly<Partial<Record<"clip" | "enrichment", AiService>>>,
  chosen: "clip" | "enrichment",
): EntityOptions["models"] {
  const { clip, enrichment } = services;
  const person = chosen === "clip" ? clip : enrichment;
  return {
    ...(isLookModel(person) && { person }),
    ...(isLookModel(clip) && { vehicle: clip }),
  };
}

function isLookModel(service: AiService | undefined): service is AiService & Embedder {
  return service !== undefined && "embed" in service;
}

/** A batch with more things is a crowd, of which the clearest are enough. */
const MOST_LOOKS = 10;
/** For looks, of the time that a batch waits; the rest is for what comes of them. */
const FOR_LOOKS = 0.9;
/** A plate that was read less surely is as good as none. */
const LEAST_CONFIDENCE = 0.8;

const PlateReadings = z.array(PlateReading).catch([]);

type Look = NonNullable<Seen["look"]>;

export function entitySource(options: EntityOptions): ContextSource {
  const { site, same, vehicles } = options;
  const known = KnownIdentities.of(site);
  const warned = new Set<string>();
  const identifying: IdentifyOptions = {
    known,
    same,
    vehicles,
    cameraName: (cameraId) => site.camera(cameraId).name,
    onElsewhere: (names, modelId) => {
      const warning = `${names.join(", ")} cannot be recognised by the model ${modelId}, which has never seen them: enrol them again`;
      if (warned.has(warning)) return;
      warned.add(warning);
      site.logger.warn(warning);
    },
  };
  return {
    part: "entities",
    gather: async (batch, signal) => {
      const tracks = tracksOf(batch.detections).flatMap((track) => {
        const kind = IdentityKind.safeParse(kindOf(track[0])).data;
        return kind ? [{ track, kind }] : [];
      });
      if (tracks.length === 0) return null;
      const { looks, missing } = await looksIn(batch, options, signal);
      return {
        known: undefined,
        ...(missing !== null && { missing: { looks: missing } }),
        conclude: (tables, context) => {
          const plates = platesIn(context);
          const seen = tracks.map(({ track, kind }): Seen => {
            const find = <T>(among: ReadonlyMap<string, T>) =>
              track.map(({ detection_id }) => among.get(detection_id)).find((each) => each !== undefined) ?? null;
            return { track, kind, look: find(looks), plate: kind === "vehicle" ? find(plates) : null };
          });
          const entities = identify(tables, batch, seen, identifying);
          return entities.length > 0 ? { entities } : {};
        },
      };
    },
  };
}

/** The plates that were read surely, by detection. */
function platesIn({ plates }: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const read = PlateReadings.parse(plates)
    .filter(({ confidence }) => confidence >= LEAST_CONFIDENCE)
    .sort((a, b) => a.confidence - b.confidence)
    .map(({ detection_id, plate }) => [detection_id, plateOf(plate)] as const);
  return new Map(read.filter(([, plate]) => plate !== ""));
}

/** What the clearest things look like, by detection, and why some of it is missing. Throws the signal's reason. */
async function looksIn(
  batch: Batch,
  { site, nodeId, models, budgetMs }: EntityOptions,
  signal: AbortSignal,
): Promise<{ looks: ReadonlyMap<string, Look>; missing: string | null }> {
  const things = thingsOf(batch)
    .flatMap((thing) => {
      const kind = IdentityKind.safeParse(thing.group).data;
      const model = kind && models[kind];
      return model ? [{ thing, model }] : [];
    })
    .slice(0, MOST_LOOKS);
  const looks = new Map<string, Look>();
  if (things.length === 0) return { looks, missing: null };
  const failures: string[] = [];
  const lookAtAll = (either: AbortSignal) => {
    const crops = new Crops({ site, nodeId, batchId: `${batch.batch_id} looks`, signal: either });
    const look = async ({ thing, model }: { thing: Thing; model: LookModel }) => {
      try {
        if (model.outage) throw model.outage;
        const { jpeg } = await crops.of(thing);
        const { vector, modelId } = await unlessAborted(model.embed(jpeg, either), either);
        looks.set(thing.detection.detection_id, { modelId, direction: directionOf(vector) });
      } catch (error) {
        failures.push(asError(error).message);
      }
    };
    return Promise.all(things.map(look));
  };
  const late = new VigilError("LATE", "there was no time");
  await withDeadline({ clock: site.clock, ms: budgetMs * FOR_LOOKS, late }, signal, lookAtAll);
  signal.throwIfAborted();
  const [why] = failures;
  return { looks, missing: why === undefined ? null : `${failures.length} of ${things.length} did not come: ${why}` };
}
