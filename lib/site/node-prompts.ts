/** The prompts of one node: made for its batches, and kept in versions that can be listed, compared and chosen. */
import { z } from "zod";
import type { ContextError } from "../analyze/llama-errors.ts";
import { type FitPictures, type FittedPrompt, fitPrompt } from "../analyze/prompts/fit.ts";
import { lineDiff } from "../analyze/prompts/line-diff.ts";
import type { BoxForm, ShownPictures } from "../analyze/prompts/pictures.ts";
import { type OwnersWords, promptVersion, systemText, versionOf } from "../analyze/prompts/system.ts";
import { promptBudget, shorterBudget, type TokenSource } from "../analyze/token-budget.ts";
import type { Batch } from "../domain/batch.ts";
import { toIso } from "../domain/time.ts";
import { InputError } from "../resilience/errors.ts";
import type { PromptVersion } from "../store/prompts.ts";
import type { Command } from "./behaviour.ts";
import { parsePayload } from "./parse-payload.ts";
import type { Site } from "./site.ts";
import type { Tables } from "./stage.ts";

export interface NodePromptsOptions {
  readonly site: Site;
  readonly nodeId: string;
  /** What the node's form says. */
  readonly form: OwnersWords;
  /** How a model that is shown pictures is told of boxes in them; absent where none is shown any. */
  readonly boxes?: BoxForm | undefined;
  /** The model's context, in tokens, where its server does not say. */
  readonly contextSize: number;
  /** Tokens to keep free for the answer. */
  readonly answerTokens: number;
  /** The model's server; null: tokens are estimated. */
  readonly tokens: TokenSource | null;
}

export interface NodePrompt extends FittedPrompt {
  /** What its event is to say of it. */
  readonly promptVersion: string;
}

/** A version in its two wordings: for a model that is shown pictures, where the form has it so, and for one that is not. */
interface Active {
  readonly own: PromptVersion;
  readonly blind: PromptVersion;
}

const NAME_EXPECTED = "must be a version of the prompt, such as 9f86d081, or the prompt_version of an event";

/** A version's short name, alone or at the end of an event's `prompt_version`. */
const Version = z
  .string(NAME_EXPECTED)
  .trim()
  .regex(/^([a-z]+-\d+-)?[0-9a-f]{8}$/, NAME_EXPECTED)
  .transform((name) => name.slice(-8));

/** Two of them; the second is the active one where it is absent. */
const Pair = z.object({ from: Version, to: Version.optional() }, "must name two versions: {from, to}");

export class NodePrompts {
  /** For `msg.command`. */
  readonly commands: Readonly<Record<string, Command>> = {
    prompts: () => this.#list(),
    prompt: (payload) => this.#show(payload),
    diff: (payload) => this.#diff(payload),
    activate: (payload) => this.#activate(payload),
  };
  readonly #options: NodePromptsOptions;
  /** The version that the form makes. */
  readonly #form: PromptVersion;
  /** The one that holds. */
  #active: Active;

  /** Enters what the form says as a version, unless it is one already. Throws a StoreError. */
  constructor(options: NodePromptsOptions) {
    this.#options = options;
    const { site, nodeId, form } = options;
    [this.#form, this.#active] = site.store.transaction((tables) => {
      const chosen = tables.prompts.chosen(nodeId, this.#formKey);
      // A choice over what the form said before is over, also when the form says it again.
      if (!chosen) tables.prompts.choose(nodeId, null, this.#formKey);
      const own = this.#enter(tables, form);
      return [own.own, chosen ? this.#enter(tables, chosen) : own];
    });
  }

  /**
   * The prompt for a batch, with what can be shown of it; without `shown`, it says that there are no pictures.
   * @throws ReplyError `LLM_CONTEXT_SMALL`, and what counting the tokens throws
   */
  of(batch: Batch, shown?: ShownPictures): Promise<NodePrompt> {
    const { contextSize, answerTokens, tokens } = this.#options;
    return this.#fit(batch, shown, promptBudget(tokens?.contextSize ?? contextSize, answerTokens));
  }

  /**
   * The same, as much shorter than the last time as the server has said; half as long where it did not say. Where pictures
   * take more tokens than was thought, fewer are shown. Throws as `of` does.
   */
  shorter(batch: Batch, shown: ShownPictures | undefined, last: NodePrompt, error: ContextError): Promise<NodePrompt> {
    const { answerTokens } = this.#options;
    const { promptTokens, contextSize } = error;
    const { pictures } = last.prompt;
    if (!shown || !pictures || promptTokens === null || contextSize === null) {
      return this.#fit(batch, shown, shorterBudget(last.tokens, error, answerTokens));
    }
    const tokensEach = Math.ceil((promptTokens - last.textTokens) / pictures.length);
    return this.#fit(batch, { ...shown, tokensEach }, promptBudget(contextSize, answerTokens));
  }

  async #fit(batch: Batch, pictures: Omit<FitPictures, "boxes"> | undefined, budget: number): Promise<NodePrompt> {
    const { site, tokens, boxes } = this.#options;
    const shown = pictures && boxes && { ...pictures, boxes };
    const { text: system, version } = shown ? this.#active.own : this.#active.blind;
    const camera = site.camera(batch.camera_id);
    const fitted = await fitPrompt({ system, batch, camera, shown, budget, tokens });
    return { ...fitted, promptVersion: promptVersion(fitted.tier, version) };
  }

  #list(): object {
    const versions = this.#options.site.store.prompts.all(this.#options.nodeId);
    return { ...this.#state(), versions: versions.map(({ text: _text, ...version }) => version) };
  }

  #show(payload: unknown): object {
    const version =
      payload === undefined || payload === "" ? this.#active.own : this.#find(parsePayload(Version, payload));
    return { ...version, ...this.#state() };
  }

  #diff(payload: unknown): object {
    const { from, to } = parsePayload(Pair, payload);
    const [first, second] = [this.#find(from), to === undefined ? this.#active.own : this.#find(to)];
    return { from: first.version, to: second.version, lines: lineDiff(first.text, second.text) };
  }

  /** What was chosen is said in today's words: where those have changed since, the answer names a new version. */
  #activate(payload: unknown): object {
    const { site, nodeId } = this.#options;
    const { version, ...words } = this.#find(parsePayload(Version, payload));
    this.#active = site.store.durableTransaction((tables) => {
      tables.prompts.choose(nodeId, version, this.#formKey);
      return this.#enter(tables, words);
    });
    return this.#state();
  }

  #state() {
    return { active: this.#active.own.version, form: this.#form.version };
  }

  /** What the form says, as one text. */
  get #formKey(): string {
    const { household, house_rules } = this.#options.form;
    return JSON.stringify([household, house_rules]);
  }

  #enter(tables: Tables, words: OwnersWords): Active {
    const { boxes } = this.#options;
    const blind = this.#enterText(tables, words, undefined);
    return { own: boxes ? this.#enterText(tables, words, boxes) : blind, blind };
  }

  #enterText(tables: Tables, { household, house_rules }: OwnersWords, boxes: BoxForm | undefined): PromptVersion {
    const { site, nodeId } = this.#options;
    const text = systemText({ bands: site.bands, household, house_rules, boxes });
    const created_at = toIso(site.clock.now());
    const version = { version: versionOf(text), household, house_rules, text, created_at };
    tables.prompts.add(nodeId, version);
    return tables.prompts.get(nodeId, version.version) ?? version;
  }

  #find(name: string): PromptVersion {
    const { site, nodeId } = this.#options;
    const version = site.store.prompts.get(nodeId, name);
    if (version) return version;
    const known = site.store.prompts.all(nodeId).map((each) => each.version);
    throw new InputError("NO_SUCH_PROMPT", `This node's prompt has no version "${name}"; it has: ${known.join(", ")}`);
  }
}
