/** The route by which a form has its connection tried before it is deployed. */
import type { NodeAPI } from "node-red";
import { z } from "zod";
import { systemClock } from "../lib/resilience/clock.ts";
import { withDeadline } from "../lib/resilience/deadline.ts";
import { asError, ServerError } from "../lib/resilience/errors.ts";
import type { Trial } from "../lib/site/trials.ts";
import { configError } from "./node-glue.ts";

const TRIAL_MS = 20_000;
/** Nobody else ends a trial. */
const NEVER = new AbortController().signal;
/** What the editor has in place of a password that it was never told. */
const KEPT = "__PWRD__";

const Request = z.object({ id: z.string(), values: z.record(z.string(), z.unknown()) });

export interface Triable<C> {
  readonly type: string;
  readonly config: z.ZodType<C>;
  /** What a trial of these settings does; throws where they cannot work. */
  readonly trial: (config: C) => Trial;
}

/** The path is relative to the editor's own, as all of Vigil's. */
export function serveTrial<C>(RED: NodeAPI, { type, config, trial }: Triable<C>): void {
  RED.httpAdmin.post(`/vigil/trials/${type}`, RED.auth.needsPermission(`${type}.write`), (request, response) => {
    const run = async () => {
      const { id, values } = Request.parse(request.body);
      const settings = config.safeParse(settingsOf(RED, id, values));
      if (!settings.success) throw configError(settings.error);
      const late = new ServerError("TIMEOUT", `No answer within ${TRIAL_MS / 1000} seconds`);
      return withDeadline({ clock: systemClock, ms: TRIAL_MS, late }, NEVER, trial(settings.data));
    };
    void run()
      .then((answers) => response.json({ answers }))
      .catch((error) => response.json({ error: asError(error).message }));
  });
}

/** The form's values as a node with this id would get them: with its passwords, and with variables resolved. */
function settingsOf(RED: NodeAPI, id: string, values: Readonly<Record<string, unknown>>): object {
  const node = RED.nodes.getNode(id);
  const kept = z.record(z.string(), z.unknown()).catch({}).parse(RED.nodes.getCredentials(id));
  const setting = ([name, value]: [string, unknown]) => {
    if (value === KEPT) return [name, kept[name]];
    const [, variable] = typeof value === "string" ? (/^\$\{([^}]+)\}$/.exec(value) ?? []) : [];
    if (variable === undefined) return [name, value];
    return [name, node ? RED.util.getSetting(node, variable) : process.env[variable]];
  };
  return Object.fromEntries(Object.entries(values).map(setting));
}
