/** What makes a model see: a picture's encoder, of random weights, for the tiny model. It takes any picture as 16 tokens. */
import { Dice } from "../../faults/dice.ts";
import { entry, gguf, type Tensor } from "./gguf.ts";
import { QUICK } from "./tiny-model.ts";

const WIDTH = 32;
const HEADS = 4;
const LAYERS = 2;
const PATCH = 14;
const SIDE = 4 * PATCH;
const SEED = 11;

/** Tokens that a picture takes. */
export const PICTURE_TOKENS = (SIDE / PATCH) ** 2;

/** The bytes of a file for `--mmproj`, the same every time. */
export function tinyEye(): Buffer {
  const vision = (key: string) => `clip.vision.${key}`;
  return gguf(
    [
      entry.string("general.architecture", "clip"),
      entry.string("general.name", "tiny-eye"),
      entry.flag("clip.has_vision_encoder", true),
      entry.string("clip.projector_type", "mlp"),
      entry.whole(vision("image_size"), SIDE),
      entry.whole(vision("patch_size"), PATCH),
      entry.whole(vision("embedding_length"), WIDTH),
      entry.whole(vision("feed_forward_length"), 2 * WIDTH),
      entry.whole(vision("block_count"), LAYERS),
      entry.whole(vision("projection_dim"), WIDTH),
      entry.whole(vision("attention.head_count"), HEADS),
      entry.float(vision("attention.layer_norm_epsilon"), 1e-5),
      entry.floats(vision("image_mean"), [0.5, 0.5, 0.5]),
      entry.floats(vision("image_std"), [0.5, 0.5, 0.5]),
    ],
    weights(),
  );
}

function weights(): Tensor[] {
  const dice = new Dice(SEED);
  const random = (name: string, ...shape: readonly number[]) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => (dice.throw() - 0.5) / 6);
    return { name, shape, values };
  };
  const linear = (name: string, from: number, to: number) => [
    random(`${name}.weight`, from, to),
    random(`${name}.bias`, to),
  ];
  const layers = Array.from({ length: LAYERS }, (_layer, index) => `v.blk.${index}`).flatMap((layer) => [
    ...["ln1", "ln2"].flatMap((norm) => [
      random(`${layer}.${norm}.weight`, WIDTH),
      random(`${layer}.${norm}.bias`, WIDTH),
    ]),
    ...["attn_q", "attn_k", "attn_v", "attn_out"].flatMap((part) => linear(`${layer}.${part}`, WIDTH, WIDTH)),
    ...linear(`${layer}.ffn_up`, WIDTH, 2 * WIDTH),
    ...linear(`${layer}.ffn_down`, 2 * WIDTH, WIDTH),
  ]);
  return [
    random("v.patch_embd.weight", PATCH, PATCH, 3, WIDTH),
    random("v.position_embd.weight", WIDTH, PICTURE_TOKENS),
    ...layers,
    ...linear("mm.0", WIDTH, QUICK.width),
    ...linear("mm.2", QUICK.width, QUICK.width),
  ];
}
