/** Server-sent events: what a server says bit by bit in one reply. */

/** A field that carries a line of an event's data. */
const DATA = "data";
/** llama.cpp before October 2025 had a field of its own for an error; later it says the same as an event's data. */
const ERROR = "error";

/**
 * The data of each event, in order. Comments, fields of other names, lines that are no field, and an event that the end
 * cuts off are passed over, as the standard has it:
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* eventData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  let data: string[] = [];
  for await (const line of linesOf(body)) {
    const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === DATA) data.push(value);
    else if (field === ERROR) data.push(`{"error":${value}}`);
    else if (line === "" && data.length > 0) {
      yield data.join("\n");
      data = [];
    }
  }
}

/** Whole lines, without their ends: LF, CR or both. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let unfinished = "";
  let endsInCr = false;
  for await (const chunk of body) {
    let text = decoder.decode(chunk, { stream: true });
    if (text === "") continue;
    // The second half of a line's end whose first half has been taken for all of it.
    if (endsInCr && text.startsWith("\n")) text = text.slice(1);
    endsInCr = text.endsWith("\r");
    const [first = "", ...rest] = text.split(/\r\n|[\r\n]/);
    unfinished += first;
    for (const next of rest) {
      yield unfinished;
      unfinished = next;
    }
  }
}
