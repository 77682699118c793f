import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import busboy from "busboy";
import { multipartForm } from "../../../lib/detect/multipart.ts";

describe("multipartForm", () => {
  it("is a form that others read, of the length it states", async () => {
    const parts = [
      { name: "file", fileName: 'a "quoted"\r\nname.jpg', bytes: Buffer.from("one\r\n--vigil\r\n") },
      { name: "file", fileName: "b.jpg", bytes: Buffer.alloc(100_000, 7) },
      { name: "file", fileName: "empty.jpg", bytes: Buffer.alloc(0) },
    ];
    const { headers, body } = multipartForm(parts);
    const sent = await buffer(body);
    assert.equal(headers["content-length"], String(sent.length));
    const read: Promise<{ name: string; fileName: string; bytes: Buffer }>[] = [];
    const parser = busboy({ headers });
    parser.on("file", (name, stream, { filename }) =>
      read.push(buffer(stream).then((bytes) => ({ name, fileName: decodeURIComponent(filename ?? ""), bytes }))),
    );
    await new Promise((resolve, reject) => parser.on("close", resolve).on("error", reject).end(sent));
    assert.deepEqual(await Promise.all(read), parts);
  });
});
