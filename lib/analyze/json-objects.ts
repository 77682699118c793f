/** Finds the JSON objects in what a model wrote, whatever stands around them. */
import { asData } from "./sanitise.ts";

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export interface FoundObject {
  readonly value: JsonObject;
  /** A key that stands twice in it, or in an object within it: there is no telling which one is meant. */
  readonly twice: string | null;
}

export interface FoundObjects {
  /** The complete ones, first to last. What lies within one of them is only there. */
  readonly objects: readonly FoundObject[];
  /** Why nothing of the text can be relied on: it ends before it is finished, for one. Null where it can. */
  readonly fault: string | null;
  /** What is wrong with the first thing that began like an object and is none; null where there is no such thing. */
  readonly flaw: string | null;
}

/** Where an object may begin, and the tags that reasoning models put around their thoughts. */
const MARK = /\{|<(\/?)(?:think|thinking|thoughts?|reasoning|reflection|analysis|scratchpad)>|\[(\/?)think\]/gi;

/**
 * Finds the objects in one pass, so in a time that grows with the length alone. An object is JSON to the letter of RFC
 * 8259: with a comma too many, a comment or single quotes it is none. Outside of objects anything may stand. Between the
 * tags of reasoning models nothing is looked at; nor before a closing tag that nothing opened, because some servers put
 * the opening one into the prompt.
 */
export function findObjects(text: string): FoundObjects {
  const reader = new ObjectReader(text);
  let thinking = false;
  let at = 0;
  while (at < text.length) {
    MARK.lastIndex = at;
    const mark = MARK.exec(text);
    if (mark === null) break;
    at = MARK.lastIndex;
    if (mark[0] === "{") {
      if (!thinking) at = reader.read(mark.index);
      continue;
    }
    const closes = mark[1] === "/" || mark[2] === "/";
    if (closes && !thinking) reader.forget();
    thinking = !closes;
  }
  const { objects, flaw } = reader;
  return { objects, flaw, fault: reader.fault ?? (thinking ? "its thoughts have no end" : null) };
}

/** Deeper than any verdict, and shallow enough for the call stack. */
const MAX_DEPTH = 64;
const KEY_LENGTH = 40;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;
/** Nothing, or what may be the beginning of a number, a word or an escape; then the text ends. */
const END = /(?:[-.+\deE]*|tr?u?|fa?l?s?|nu?l?|\\(?:u[\da-fA-F]{0,3})?)$/y;

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = "\\".charCodeAt(0);
const FIRST_PRINTABLE = 0x20;

/** Reads objects from left to right; a method that reads a part answers undefined where there is none. */
class ObjectReader {
  fault: string | null = null;
  flaw: string | null = null;
  readonly #text: string;
  #at = 0;
  #complete: (FoundObject & { readonly start: number })[] = [];
  #lastTwice: { readonly key: string; readonly at: number } | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  get objects(): readonly FoundObject[] {
    return this.#complete;
  }

  forget(): void {
    this.#complete = [];
    this.flaw = null;
  }

  /** Reads the object that begins here, or what is one of it; answers where to go on. */
  read(start: number): number {
    this.#at = start;
    this.#object(1);
    return this.fault === null ? this.#at : this.#text.length;
  }

  #object(depth: number): JsonObject | undefined {
    const start = this.#at++;
    const members = new Map<string, JsonValue>();
    if (this.#next() !== "}") {
      do {
        if (this.#next() !== '"') return this.#fail("a key in double quotes");
        const keyAt = this.#at;
        const key = this.#string();
        if (key === undefined) return undefined;
        if (members.has(key)) this.#lastTwice = { key: asData(key, KEY_LENGTH), at: keyAt };
        if (!this.#skip(":")) return this.#fail("a colon");
        const value = this.#value(depth);
        if (value === undefined) return undefined;
        members.set(key, value);
      } while (this.#skip(","));
    }
    if (!this.#skip("}")) return this.#fail("a comma or a closing brace");

    const value: JsonObject = Object.fromEntries(members);
    while ((this.#complete.at(-1)?.start ?? -1) > start) this.#complete.pop();
    const twice = this.#lastTwice !== null && this.#lastTwice.at > start ? this.#lastTwice.key : null;
    this.#complete.push({ value, twice, start });
    return value;
  }

  #array(depth: number): JsonValue[] | undefined {
    this.#at++;
    const list: JsonValue[] = [];
    if (this.#next() !== "]") {
      do {
        const value = this.#value(depth);
        if (value === undefined) return undefined;
        list.push(value);
      } while (this.#skip(","));
    }
    if (!this.#skip("]")) return this.#fail("a comma or a closing bracket");
    return list;
  }

  /** A value within something that lies `depth` deep. */
  #value(depth: number): JsonValue | undefined {
    const first = this.#next();
    if (first === '"') return this.#string();
    if (first === "{" || first === "[") {
      if (depth < MAX_DEPTH) return first === "{" ? this.#object(depth + 1) : this.#array(depth + 1);
      this.fault = `it is nested deeper than ${MAX_DEPTH}`;
      return undefined;
    }
    const word = this.#match(WORD);
    if (word !== undefined) return WORDS[word];
    const literal = this.#match(NUMBER);
    return literal === undefined ? this.#fail("a value") : exactly(literal);
  }

  #string(): string | undefined {
    const start = this.#at++;
    let escaped = false;
    for (; this.#at < this.#text.length; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) {
        const literal = this.#text.slice(start, ++this.#at);
        return escaped ? JSON.parse(literal) : literal.slice(1, -1);
      }
      if (code < FIRST_PRINTABLE) return this.#fail("no line break and no control character within a text");
      if (code !== BACKSLASH) continue;
      if (this.#match(ESCAPE) === undefined) return this.#fail("a valid escape after a backslash");
      escaped = true;
      this.#at--;
    }
    return this.#fail("a closing quote");
  }

  /** The next character that is no space. */
  #next(): string | undefined {
    this.#match(SPACE);
    return this.#text[this.#at];
  }

  #skip(char: string): boolean {
    const found = this.#next() === char;
    if (found) this.#at++;
    return found;
  }

  #match(token: RegExp): string | undefined {
    token.lastIndex = this.#at;
    const found = token.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #fail(expected: string): undefined {
    END.lastIndex = this.#at;
    if (END.test(this.#text)) this.fault = "it ends in the middle of a JSON object";
    else this.flaw ??= `its JSON is broken at character ${this.#at + 1}, where there should be ${expected}`;
  }
}

/**
 * The number that is written, or NaN where a double is another one or writes it differently: with an exponent, with
 * more digits than it holds, minus zero. Zeros that end a fraction change nothing.
 */
function exactly(literal: string): number {
  let end = literal.length;
  if (literal.includes(".")) {
    while (literal[end - 1] === "0") end--;
    if (literal[end - 1] === ".") end--;
  }
  const value = Number(literal);
  return String(value) === literal.slice(0, end) ? value : Number.NaN;
}
