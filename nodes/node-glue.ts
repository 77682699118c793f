/** Between Node-RED's nodes and `lib`: logs and config errors. */
import type { Node } from "node-red";
import type { z } from "zod";
import { ConfigError } from "../lib/resilience/errors.ts";
import type { Logger } from "../lib/resilience/logger.ts";

export function nodeLogger(node: Node): Logger {
  return {
    debug: (message) => node.debug(message),
    info: (message) => node.log(message),
    warn: (message) => node.warn(message),
    error: (message) => node.error(message),
  };
}

/** All that is wrong with a node's settings, by the names of their fields. */
export function configError(error: z.ZodError): ConfigError {
  const issues = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  return new ConfigError("CONFIG", `The settings cannot work: ${issues.join("; ")}`);
}
