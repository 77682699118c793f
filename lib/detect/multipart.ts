/** A multipart form (RFC 7578) whose files are sent as they lie in memory: `FormData` copies each of them twice. */
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";

export interface FilePart {
  /** The form's field. */
  readonly name: string;
  readonly fileName: string;
  readonly bytes: Buffer;
}

export interface MultipartForm {
  readonly headers: Readonly<Record<string, string>>;
  /** Can be sent once. */
  readonly body: Readable;
}

export function multipartForm(parts: readonly FilePart[]): MultipartForm {
  const boundary = `vigil-${randomUUID()}`;
  const pieces = parts.flatMap(({ name, fileName, bytes }) => {
    const disposition = `form-data; name="${escaped(name)}"; filename="${escaped(fileName)}"`;
    const head = `--${boundary}\r\ncontent-disposition: ${disposition}\r\ncontent-type: application/octet-stream\r\n\r\n`;
    return [Buffer.from(head), bytes, Buffer.from("\r\n")];
  });
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}`, "content-length": String(length) },
    body: Readable.from(pieces),
  };
}

/** As browsers do (WHATWG HTML, multipart form data). */
function escaped(name: string): string {
  return name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}
