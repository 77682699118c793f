/** A multipart form (RFC 7578) whose files are sent as they lie in memory: `FormData` copies each of them twice. */
import { randomUUID } from "node:crypto";
import type { Body } from "./server-connection.ts";

export type Part =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly fileName: string; readonly bytes: Buffer };

/** The form with these fields and files, of a length that is known before it is sent. */
export function multipartForm(parts: readonly Part[]): Body {
  const boundary = `vigil-${randomUUID()}`;
  const pieces = parts.flatMap((part, at) => {
    const head = Buffer.from(`${at === 0 ? "" : "\r\n"}--${boundary}\r\n${headersOf(part)}\r\n`);
    return [head, "bytes" in part ? part.bytes : Buffer.from(part.value)];
  });
  pieces.push(Buffer.from(`\r\n--${boundary}--\r\n`));
  const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return {
    headers: { "content-type": `multipart/form-data; boundary=${boundary}`, "content-length": String(length) },
    pieces,
  };
}

function headersOf(part: Part): string {
  const disposition = `content-disposition: form-data; name="${escaped(part.name)}"`;
  if ("value" in part) return `${disposition}\r\n`;
  return `${disposition}; filename="${escaped(part.fileName)}"\r\ncontent-type: application/octet-stream\r\n`;
}

/** As browsers do (WHATWG HTML, multipart form data). */
function escaped(name: string): string {
  return name.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}
