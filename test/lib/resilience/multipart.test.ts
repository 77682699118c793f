import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import busboy from "busboy";
import fc from "fast-check";
import { multipartForm, type Part } from "../../../lib/resilience/multipart.ts";
import type { Body } from "../../../lib/resilience/server-connection.ts";

/** What a parser that servers use reads. */
async function read({ headers, pieces }: Body): Promise<Part[]> {
  const parts: Promise<Part>[] = [];
  const parser = busboy({ headers, defParamCharset: "utf8", limits: { fieldNameSize: 10_000, fieldSize: 1_000_000 } });
  parser.on("file", (name, stream, { filename = "" }) =>
    parts.push(buffer(stream).then((bytes) => ({ name, fileName: filename, bytes }))),
  );
  parser.on("field", (name, value) => parts.push(Promise.resolve({ name, value })));
  await new Promise((resolve, reject) => parser.on("close", resolve).on("error", reject).end(Buffer.concat(pieces)));
  return Promise.all(parts);
}

describe("multipartForm", () => {
  it("is read as it was made, whatever a picture holds", async () => {
    const bytes = fc.uint8Array({ maxLength: 3_000 }).map((array) => Buffer.from(array));
    const picture = bytes.map((bytes) => ({ name: "file", fileName: "a.jpg", bytes }));
    const field = fc.string().map((value) => ({ name: "min_confidence", value }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(picture, field), { minLength: 1 }), async (parts) => {
        const form = multipartForm(parts);
        assert.equal(form.headers["content-length"], String(Buffer.concat(form.pieces).length));
        assert.deepEqual(await read(form), parts);
      }),
    );
  });

  it("lets no name end its header or begin another part", async () => {
    const hostile = 'a"; name="other"\r\n\r\n--vigil\r\nx: y.jpg';
    const part = { name: "file", fileName: hostile, bytes: Buffer.from("bytes") };
    const escaped = "a%22; name=%22other%22%0D%0A%0D%0A--vigil%0D%0Ax: y.jpg";
    assert.deepEqual(await read(multipartForm([part])), [{ ...part, fileName: escaped }]);
  });

  it("sends a picture as it lies in memory", () => {
    const bytes = Buffer.alloc(1_000);
    assert.ok(multipartForm([{ name: "file", fileName: "a.jpg", bytes }]).pieces.includes(bytes));
  });
});
