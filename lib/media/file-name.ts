/** Names of uploaded files, made harmless for those who get to see them. */
import { basename, extname } from "node:path";
import { oneLine } from "../resilience/one-line.ts";

const LOGGED_LENGTH = 200;
/** As long as a file's name can be. */
const LONGEST_NAME = 255;

/** A file's path as a log line can show it. */
export function loggedName(path: string): string {
  return oneLine(path, LOGGED_LENGTH);
}

/**
 * The name of a file as a server can take it. Servers go by the extension, and see none where nothing else is left of a
 * name, as of `\n.jpg`.
 */
export function sentName(path: string): string {
  const name = oneLine(basename(path), LONGEST_NAME);
  return extname(name) === "" ? `picture${name}` : name;
}
