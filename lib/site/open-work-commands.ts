/** Lets MQTT clients list, replay, discard and adopt what the nodes of a site have left open. */
import { z } from "zod";
import type { MqttLink } from "../mqtt/link.ts";
import { InputError } from "../resilience/errors.ts";
import { obeyJson } from "./json-commands.ts";
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

/** Obeys commands on the site's topic, each with an answer, for as long as the link lasts. */
export function obeyOpenWorkCommands(site: Site, link: MqttLink): void {
  obeyJson({ link, logger: site.logger }, site.topics.openWork, '{"command":"list"}', (content) => {
    const command = parse(content);
    return { command: command.command, nodes: obey(command, site) };
  });
}

function parse(content: unknown): OpenWorkCommand {
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
  const given = from === undefined ? choice : { from };
  return chosen.map(([nodeId, work]) => {
    const results = {
      list: () => work.list(),
      replay: () => work.replay(choice),
      discard: () => work.discard(given),
      adopt: () => work.adopt({ from }),
    };
    return { node: nodeId, type: work.type, ...results[command]() };
  });
}
