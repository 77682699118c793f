/** Lets MQTT clients list, replay, discard and adopt what the nodes of a site have left open. */
import { z } from "zod";
import type { MqttLink } from "../mqtt/link.ts";
import { asError, InputError, VigilError } from "../resilience/errors.ts";
import type { Site } from "./site.ts";

/** A command to one node by its name in `list`, to all nodes of a type, or to all. */
const OpenWorkCommand = z
  .strictObject({
    command: z.enum(["list", "replay", "discard", "adopt"]),
    node: z.string().min(1).optional(),
    type: z.string().min(1).optional(),
    /** The one dead letter (a number) or message (its hand-over); all where it is absent. */
    id: z.union([z.int().positive(), z.string().min(1)]).optional(),
    /** The deleted node to adopt from. */
    from: z.string().min(1).optional(),
  })
  .refine(({ node, id, from }) => node !== undefined || (id === undefined && from === undefined), {
    path: ["node"],
    message: "must say whose id it is",
  });
type OpenWorkCommand = z.infer<typeof OpenWorkCommand>;

const LOGGED_BYTES = 200;

/** Obeys commands on the site's topic, each with an answer, for as long as the link lasts. */
export function obeyOpenWorkCommands(site: Site, link: MqttLink): void {
  const { set, answer } = site.topics.openWork;
  link.subscribe(set, (payload, retained) => {
    // A retained command would be obeyed again at each connection.
    if (retained) {
      site.logger.warn(`A retained message on ${set} is ignored; commands must not be retained`);
      return;
    }
    const reply = (body: object) => {
      link.publish({ topic: answer, payload: JSON.stringify(body), retain: false }).catch((error) => {
        site.logger.warn(`The answer to a command was not published: ${asError(error).message}`);
      });
    };
    try {
      const command = parse(payload);
      reply({ command: command.command, nodes: obey(command, site) });
    } catch (error) {
      const { message } = asError(error);
      site.logger.warn(`A command on ${set} was refused: ${message}`);
      reply({ error: { code: error instanceof VigilError ? error.code : "UNEXPECTED", message } });
    }
  });
}

function parse(payload: Buffer): OpenWorkCommand {
  let content: unknown;
  try {
    content = JSON.parse(payload.toString());
  } catch (cause) {
    const start = JSON.stringify(payload.subarray(0, LOGGED_BYTES).toString());
    throw new InputError("BAD_COMMAND", `it must be JSON such as {"command":"list"}, and was ${start}`, { cause });
  }
  const command = OpenWorkCommand.safeParse(content);
  if (command.success) return command.data;
  const [issue] = command.error.issues;
  throw new InputError("BAD_COMMAND", `${issue?.path.join(".") || "it"}: ${issue?.message}`);
}

function obey({ command, node, type, id, from }: OpenWorkCommand, site: Site): object[] {
  const chosen = [...site.openWork].filter(
    ([nodeId, work]) => (node === undefined || nodeId === node) && (type === undefined || work.type === type),
  );
  if (chosen.length === 0) {
    const known = [...site.openWork].map(([nodeId, work]) => `${nodeId} (${work.type})`).join(", ");
    throw new InputError("NO_SUCH_NODE", `no node of this site fits; there are: ${known || "none"}`);
  }
  const choice = id === undefined ? "all" : { id };
  return chosen.map(([nodeId, work]) => {
    const results = {
      list: () => work.list(),
      replay: () => work.replay(choice),
      discard: () => work.discard(choice),
      adopt: () => work.adopt({ from }),
    };
    return { node: nodeId, type: work.type, ...results[command]() };
  });
}
