/** The blueprint in Home Assistant: found, made an automation of, and what a phone gets of it. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { eventually } from "../../support/eventually.ts";
import type { Push } from "../../support/push-server.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { AN_INSTANT, cameraEntity } from "./expected.ts";
import { House, VERDICT } from "./house.ts";
import { Phone } from "./phone.ts";
import { ask } from "./rest.ts";
import { VERSIONS } from "./versions.ts";

/** The first time, the machine gets Home Assistant in it. */
const SETUP_MS = 600_000;
const PATIENCE_MS = 60_000;
const BLUEPRINT = join(import.meta.dirname, "../../../examples/home-assistant/vigil-alert.yaml");
const PATH = "vigil/vigil-alert.yaml";
const AUTOMATION = "automation.alerts";
const FRONT = { folder: "Front Door", id: "front_door" };
const YARD = { folder: "{{ Yard }}", id: "yard" };
const CAMERAS = [FRONT, YARD];

for (const version of VERSIONS) {
  describe(`the blueprint in Home Assistant ${version.homeAssistant}`, function () {
    this.timeout(240_000);
    let house: House;
    let phone: Phone;

    before(async function () {
      this.timeout(SETUP_MS);
      house = await House.start(version);
      phone = await Phone.register(house.homeAssistant);
      const folder = join(house.homeAssistant.folder, "blueprints/automation/vigil");
      mkdirSync(folder, { recursive: true });
      copyFileSync(BLUEPRINT, join(folder, "vigil-alert.yaml"));
      for (const camera of CAMERAS) await alert(camera);
    });
    after(async () => {
      await phone?.close();
      await house?.close();
      removeTempFolders();
    });

    const api = () => house.homeAssistant.api;
    /** Has a camera alert, and waits until Home Assistant has heard. */
    const alert = async ({ folder, id }: { folder: string; id: string }) => {
      const entityId = cameraEntity(id, "alert");
      const before = api().states[entityId]?.state;
      await house.upload(folder);
      const anew = ({ state }: { state: string }) => AN_INSTANT.test(state) && state !== before;
      return api().state(entityId, anew, PATIENCE_MS);
    };
    /** The `count`th that the phone gets, waited for. */
    const notification = (count: number) =>
      eventually(() => phone.pushes[count - 1], `notification ${count}`, PATIENCE_MS);
    const press = ({ data }: Push, title: string) =>
      phone.press(data.actions.find((button) => button.title === title)?.action);
    const answer = (changes: Partial<typeof VERDICT>) => {
      const { risk_level: _ours, ...verdict } = { ...VERDICT, ...changes };
      house.llm.answer(verdict);
    };
    /** Makes the automation, or changes it, as the editor does. */
    const automate = async (input: object) => {
      const { url, token } = house.homeAssistant;
      const alerts = CAMERAS.map(({ id }) => cameraEntity(id, "alert"));
      await ask(url, "/api/config/automation/config/alerts", z.unknown(), {
        token,
        json: {
          alias: "Alerts",
          use_blueprint: { path: PATH, input: { alerts, phone: await phone.deviceId(), ...input } },
        },
      });
      // Home Assistant does so by itself, and answers before it has.
      await api().call("automation", "reload", {});
      await api().state(AUTOMATION, ({ state }) => state === "on", PATIENCE_MS);
    };

    it("is in the list of blueprints", async () => {
      const Listed = z.record(z.string(), z.object({ metadata: z.object({ name: z.string() }) }));
      const list = await api().connection.sendMessagePromise({ type: "blueprint/list", domain: "automation" });
      assert.equal(Listed.parse(list)[PATH]?.metadata.name, "Vigil alert on a phone");
    });

    it("sends an alert, with its picture", async () => {
      await automate({});
      const { attributes } = await alert(FRONT);
      const { title, message, data } = await notification(1);
      assert.deepEqual([title, message], ["Front Door: high", `Risk ${VERDICT.risk_score}: ${VERDICT.summary}`]);
      const { tag, group, channel, push } = data;
      assert.deepEqual(
        { tag, group, channel, push },
        {
          tag: `vigil ${attributes.alert_id}`,
          group: "event.vigil_home_front_door_alert",
          channel: "Vigil high",
          push: { "interruption-level": "time-sensitive" },
        },
      );
      assert.equal(data.image, "/api/image_proxy/image.vigil_home_front_door_last_alert");
      const { url, token } = house.homeAssistant;
      const picture = await fetch(`${url}${data.image}`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(picture.headers.get("content-type"), "image/jpeg");
    });

    it("snoozes the camera from the notification", async () => {
      await press(await notification(1), "Snooze");
      const snoozed = cameraEntity("front_door", "snoozed_until");
      const { state } = await api().state(snoozed, (now) => AN_INSTANT.test(now.state), PATIENCE_MS);
      const minutes = (Date.parse(state) - Date.now()) / 60_000;
      assert.ok(minutes > 28 && minutes <= 30, state);
    });

    it("says that an alert was none, of the last one only", async () => {
      await alert(YARD);
      const first = await notification(2);
      await alert(YARD);
      const last = await notification(3);
      const pressed = cameraEntity("yard", "false_alarm");
      const before = api().states[pressed]?.state;
      await press(last, "False alarm");
      const { state } = await api().state(pressed, (now) => now.state !== before, PATIENCE_MS);
      await press(first, "False alarm");
      // The presses are taken in turn: once this one has had its effect, the one before has had none.
      await press(last, "Snooze");
      await api().state(cameraEntity("yard", "snoozed_until"), (now) => AN_INSTANT.test(now.state), PATIENCE_MS);
      assert.equal(api().states[pressed]?.state, state);
    });

    it("sends what was seen as it is, even where it looks like a template", async () => {
      await api().call("number", "set_value", { value: 0 }, { entity_id: cameraEntity("yard", "snooze_minutes") });
      await api().call("button", "press", {}, { entity_id: cameraEntity("yard", "snooze") });
      answer({ summary: "A sign: {{ 7 * 7 }} {% if" });
      await alert(YARD);
      const { title, message } = await notification(4);
      assert.equal(title, "(( Yard }}: high");
      assert.equal(message, `Risk ${VERDICT.risk_score}: A sign: (( 7 * 7 }} (% if`);
    });

    it("sends the levels that are wanted, at the times that are wanted", async () => {
      const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(11, 19);
      await automate({ levels: ["critical"] });
      await alert(YARD);
      answer({ risk_score: 95, summary: "Somebody breaks in." });
      await alert(YARD);
      assert.equal((await notification(5)).message, "Risk 95: Somebody breaks in.");

      await automate({ after: hour(1), before: hour(2) });
      answer({ summary: "Too early." });
      await alert(YARD);
      await automate({ after: hour(-1), before: hour(1) });
      answer({ summary: "In time." });
      await alert(YARD);
      assert.match((await notification(6)).message, /In time\.$/);
    });

    it("sends nothing again after restarts", async () => {
      await house.homeAssistant.restart();
      await house.stopNodeRed();
      await house.startNodeRed();
      await api().state(cameraEntity("yard", "alert"), ({ state }) => AN_INSTANT.test(state), PATIENCE_MS);
      answer({ summary: "After the restarts." });
      await alert(YARD);
      assert.match((await notification(7)).message, /After the restarts\.$/);
      assert.equal(phone.pushes.length, 7);
    });

    it("gives Home Assistant no reason to complain", async () => {
      const complaints = house.homeAssistant.log.filter(
        ({ level, logger }) =>
          !["INFO", "DEBUG"].includes(level) &&
          /\.(automation|blueprint|notify|mobile_app|script|template)\b/.test(logger),
      );
      assert.deepEqual(complaints, []);
    });
  });
}
