/** The MQTT topics of one site: `<prefix>/<site>/…`. */
export interface Topics {
  /** `online` or `offline`, retained; the last will. */
  readonly availability: string;
  /** `{"type": "event", "data": EventRecord}`. */
  readonly securityEvents: string;
  /** `{"type": "system_status", "data": SystemStatus}`, retained. */
  readonly systemStatus: string;
  /** Where each Vigil that uses the site's name says so. */
  readonly instance: string;
  /** Filters for the states of all entities and their attributes. */
  readonly states: readonly string[];
  /** State of one of a camera's entities. */
  camera(cameraId: string, key: string): string;
  /** State of one of the hub's entities. */
  hub(key: string): string;
  /** State of one of a graphics card's entities. */
  gpu(gpuId: string, key: string): string;
  /** Where commands on what is left open are taken, and where their answers go. */
  readonly openWork: { readonly set: string; readonly answer: string };
  /** The same for what people say of events. */
  readonly feedback: { readonly set: string; readonly answer: string };
}

/** `prefix` may have levels of its own (`home/vigil`); `site` is a slug. */
export function siteTopics(prefix: string, site: string): Topics {
  const base = `${prefix}/${site}`;
  return {
    availability: `${base}/availability`,
    securityEvents: `${base}/security_events`,
    systemStatus: `${base}/system_status`,
    instance: `${base}/instance`,
    states: [
      `${base}/camera/+/+`,
      `${base}/camera/+/+/attributes`,
      `${base}/gpu/+/+`,
      `${base}/gpu/+/+/attributes`,
      `${base}/hub/+`,
      `${base}/hub/+/attributes`,
    ],
    camera: (cameraId, key) => `${base}/camera/${cameraId}/${key}`,
    hub: (key) => `${base}/hub/${key}`,
    gpu: (gpuId, key) => `${base}/gpu/${gpuId}/${key}`,
    openWork: { set: `${base}/hub/open_work/set`, answer: `${base}/hub/open_work/answer` },
    feedback: { set: `${base}/hub/feedback/set`, answer: `${base}/hub/feedback/answer` },
  };
}

/** Where the entity with this state topic takes commands. */
export function commandTopic(stateTopic: string): string {
  return `${stateTopic}/set`;
}

/** Where the attributes of the entity with this state topic are. */
export function attributesTopic(stateTopic: string): string {
  return `${stateTopic}/attributes`;
}
