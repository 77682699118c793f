import { deepEqual } from "node:assert/strict";
import fc from "fast-check";
import { eventData } from "../../../lib/analyze/event-stream.ts";

/** What is read of a stream that comes in these pieces. */
async function read(pieces: Iterable<string | Uint8Array>): Promise<string[]> {
  async function* body() {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  const events: string[] = [];
  for await (const data of eventData(body())) events.push(data);
  return events;
}

describe("eventData", () => {
  const streams: [string, string, string[]][] = [
    ["nothing", "", []],
    ["events", "data: a\n\ndata: b\n\n", ["a", "b"]],
    ["no space after the colon, or two", "data:a\n\ndata:  b\n\n", ["a", " b"]],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
    ["CR", "data: a\r\rdata: b\r\r", ["a", "b"]],
    ["an event of several lines", "data: a\ndata: b\n\n", ["a\nb"]],
    ["a byte order mark", "\ufeffdata: a\n\n", ["a"]],
    ["empty data", "data\n\ndata:\n\n", ["", ""]],
    ["comments and pings", ": ping\n\n:\n\ndata: a\n:\n\n", ["a"]],
    ["fields of other names", "event: x\nid: 1\nretry: 5\ndata: a\n\ndatum: b\n\n", ["a"]],
    ["lines that are no field", "Segmentation fault\n\ndata: a\n\n<html>\n\n", ["a"]],
    ["blank lines", "\n\n\ndata: a\n\n\n\n", ["a"]],
    ["an end in the middle of an event", "data: a\n\ndata: b", ["a"]],
    ["an older llama.cpp's error", 'error: {"code":500}\n\n', ['{"error":{"code":500}}']],
    ["characters of several bytes", "data: 玄関 🚪 é\n\n", ["玄関 🚪 é"]],
    ["data that looks like a field", "data: data: a: b\n\n", ["data: a: b"]],
  ];
  for (const [what, stream, events] of streams) {
    it(`reads ${what}, in whatever pieces it comes`, async () => {
      deepEqual(await read([stream]), events);
      deepEqual(await read([...Buffer.from(stream)].map((byte) => Uint8Array.of(byte))), events);
    });
  }

  it("takes bytes that are no text for what they can be", async () => {
    deepEqual(await read([Uint8Array.of(100, 97, 116, 97, 58, 0xff, 0xc3, 10, 10)]), ["\ufffd\ufffd"]);
  });

  it("finds the same events wherever the pieces end", async () => {
    const line = fc.constantFrom("data: a", "data: 関🚪", ": ping", "error: 1", "x", "");
    const end = fc.constantFrom("\n", "\r\n", "\r");
    const stream = fc.array(fc.tuple(line, end)).map((lines) => Buffer.from(lines.flat().join("")));
    await fc.assert(
      fc.asyncProperty(stream, fc.array(fc.nat(100), { maxLength: 8 }), async (bytes, places) => {
        const cuts = [0, ...places.toSorted((a, b) => a - b), bytes.length];
        const pieces = cuts.map((cut, index) => bytes.subarray(cut, cuts[index + 1] ?? bytes.length));
        deepEqual(await read(pieces), await read([bytes]));
      }),
    );
  });

  it("takes a megabyte without a line's end byte by byte", async () => {
    deepEqual(await read(new Array(2 ** 20).fill(Uint8Array.of(97))), []);
  });
});
