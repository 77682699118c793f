/** A Node-RED message as our code sees it: the user's own properties, and the few that Vigil reads. */
export interface FlowMessage {
  _msgid?: string | undefined;
  topic?: string | undefined;
  payload?: unknown;
  /** A command for the node itself, instead of a record to work on. */
  command?: unknown;
  /** Names the hand-over this message is; a Vigil node that takes the message answers it. */
  handover?: unknown;
  /** True on a message that was sent again after a restart. */
  replayed?: boolean;
  [property: string]: unknown;
}
