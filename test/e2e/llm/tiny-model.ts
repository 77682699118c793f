/**
 * A language model of random weights but for a liking for one phrase: what it says is nonsense, but a real llama-server
 * loads it, tokenises, decodes, counts and holds it to a JSON schema.
 */
import { Dice } from "../../faults/dice.ts";
import { type Entry, entry, gguf, type Tensor } from "./gguf.ts";

const CONTEXT = 16_384;
const HEADS = 4;
const LAYERS = 2;
const SEED = 7;

/** How the vocabulary marks its entries. */
const TOKEN = { normal: 1, control: 3 } as const;

/** A token for each byte, one for this, and those that end a text and frame the turns of a chat. */
const PHRASE = " somebody walks by the gate";
const SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] as const;
const BYTES = 256;
const END_OF_TEXT = BYTES + 1;
const WORDS = END_OF_TEXT + SPECIAL.length;
/** The chat template that instruction models of many families have. */
const CHAT_TEMPLATE =
  "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}" +
  "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

export interface Manner {
  /** Numbers in each vector: how long a token takes. */
  readonly width: number;
  /** The token that it likes best. */
  readonly favourite: number;
}

/** A verdict in 120 tokens, and in 20 ms or more. */
export const QUICK: Manner = { width: 64, favourite: BYTES };
/** A verdict letter by letter, in 1500 tokens, and in 5 s or more; 22 MB. */
export const SLOW: Manner = { width: 512, favourite: "a".charCodeAt(0) };

/** The bytes of the model file, the same every time. */
export function tinyModel(manner: Manner): Buffer {
  return gguf(metadata(manner), weights(manner));
}

function metadata({ width }: Manner): Entry[] {
  const bytes = byteTokens();
  const vocabulary = [...bytes, [...Buffer.from(PHRASE)].map((byte) => bytes[byte]).join(""), ...SPECIAL];
  const kinds = vocabulary.map((_token, index) => (index < END_OF_TEXT ? TOKEN.normal : TOKEN.control));
  const { string, whole, float, flag, strings, wholes } = entry;
  return [
    string("general.architecture", "llama"),
    string("general.name", "tiny-random"),
    whole("llama.context_length", CONTEXT),
    whole("llama.embedding_length", width),
    whole("llama.block_count", LAYERS),
    whole("llama.feed_forward_length", 2 * width),
    whole("llama.attention.head_count", HEADS),
    whole("llama.attention.head_count_kv", HEADS),
    float("llama.attention.layer_norm_rms_epsilon", 1e-5),
    whole("llama.rope.dimension_count", width / HEADS),
    whole("llama.vocab_size", vocabulary.length),
    string("tokenizer.ggml.model", "gpt2"),
    string("tokenizer.ggml.pre", "gpt-2"),
    strings("tokenizer.ggml.tokens", vocabulary),
    wholes("tokenizer.ggml.token_type", kinds),
    // No merge at all would be read as a vocabulary that is broken.
    strings("tokenizer.ggml.merges", ["Ġ t"]),
    whole("tokenizer.ggml.eos_token_id", END_OF_TEXT),
    whole("tokenizer.ggml.bos_token_id", END_OF_TEXT),
    flag("tokenizer.ggml.add_bos_token", false),
    string("tokenizer.chat_template", CHAT_TEMPLATE),
  ];
}

/**
 * All random, except for the first number of each token's vector: it is the same large one for all when they are read,
 * so that what it is multiplied with when the next token is chosen is how much that is liked.
 */
function weights({ width, favourite }: Manner): Tensor[] {
  const dice = new Dice(SEED);
  const random = (name: string, ...shape: readonly number[]) => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => (dice.throw() - 0.5) / 6);
    return { name: `${name}.weight`, shape, values };
  };
  const ones = (name: string) => ({ name: `${name}.weight`, shape: [width], values: new Float32Array(width).fill(1) });
  const vectors = (name: string, first: (token: number) => number) => {
    const tensor = random(name, width, WORDS);
    for (let token = 0; token < WORDS; token++) tensor.values[token * width] = first(token);
    return tensor;
  };
  const layers = Array.from({ length: LAYERS }, (_layer, index) => `blk.${index}`).flatMap((layer) => [
    ones(`${layer}.attn_norm`),
    ones(`${layer}.ffn_norm`),
    ...["attn_q", "attn_k", "attn_v", "attn_output"].map((part) => random(`${layer}.${part}`, width, width)),
    ...["ffn_gate", "ffn_up"].map((part) => random(`${layer}.${part}`, width, 2 * width)),
    random(`${layer}.ffn_down`, 2 * width, width),
  ]);
  return [
    vectors("token_embd", () => 4),
    vectors("output", (token) => (token === favourite ? 2 : liking(token))),
    ones("output_norm"),
    ...layers,
  ];
}

/** What is not visible ASCII it does not like. When it may not say its favourite any more, it ends what it says. */
function liking(token: number): number {
  if (token === '"'.charCodeAt(0)) return 1;
  const isVisible = token > 32 && token < 127 && token !== "\\".charCodeAt(0);
  return isVisible || token >= END_OF_TEXT ? 0 : -2;
}

/**
 * The 256 bytes as the characters that stand for them in vocabularies of this kind: what is printable as it is, the rest
 * from U+0100 on.
 */
function byteTokens(): string[] {
  const isPrintable = (byte: number) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let next = BYTES;
  return Array.from({ length: BYTES }, (_byte, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
