/** The first minutes of a new Home Assistant, over the interfaces that its own pages use. */
import { z } from "zod";
import { eventually } from "../../support/eventually.ts";
import { HomeAssistantApi, START_MS } from "./api.ts";
import { ask } from "./rest.ts";

const USER = { name: "Owner", username: "owner", password: "only for this test", language: "en" };
/** A section of the form that newer versions have. */
const OTHER_SETTINGS = "other_settings";
const Step = z.array(z.object({ step: z.string(), done: z.boolean() }));
const AuthCode = z.object({ auth_code: z.string() });
const Tokens = z.object({ access_token: z.string() });
/** A step of a configuration: a form to fill in, or its end. */
const FlowStep = z.object({
  flow_id: z.string(),
  type: z.string(),
  step_id: z.string().optional(),
  data_schema: z.array(z.object({ name: z.string() })).nullish(),
});

/** Resolves when it asks for its first user. */
export async function untilOnboarding(url: string): Promise<void> {
  const steps = () => ask(url, "/api/onboarding", Step).catch(() => undefined);
  await eventually(steps, "Home Assistant's onboarding", START_MS);
}

/** Makes the first user; the answer is a long-lived token. */
export async function onboard(url: string): Promise<string> {
  const client = { client_id: `${url}/` };
  const { auth_code } = await ask(url, "/api/onboarding/users", AuthCode, { json: { ...client, ...USER } });
  const form = new URLSearchParams({ ...client, grant_type: "authorization_code", code: auth_code });
  const { access_token } = await ask(url, "/auth/token", Tokens, { form });
  const api = await HomeAssistantApi.connect(url, access_token);
  try {
    await api.confirmAddress();
    return await api.newToken("Vigil");
  } finally {
    api.close();
  }
}

/** Sets the MQTT integration up, as a user does in the settings; discovery is on by default. */
export async function addMqtt(url: string, token: string, brokerPort: number): Promise<void> {
  const flows = "/api/config/config_entries/flow";
  const begun = await ask(url, flows, FlowStep, { token, json: { handler: "mqtt" } });
  if (begun.step_id !== "broker") throw new Error(`MQTT asks for "${begun.step_id}" first`);
  const asksMore = begun.data_schema?.some(({ name }) => name === OTHER_SETTINGS);
  const json = {
    broker: "127.0.0.1",
    port: brokerPort,
    ...(asksMore && { [OTHER_SETTINGS]: { set_client_cert: false, set_ca_cert: "off" } }),
  };
  const done = await ask(url, `${flows}/${begun.flow_id}`, FlowStep, { token, json });
  if (done.type !== "create_entry") throw new Error(`MQTT was not set up: ${JSON.stringify(done)}`);
}
