import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { readEnvironment } from "../../flows/environment.ts";
import { ConfigError } from "../../lib/resilience/errors.ts";

const DEFAULTS = {
  PORT: 1880,
  VIGIL_HOST: "127.0.0.1",
  VIGIL_SITE: "home",
  VIGIL_CAMERAS_DIR: resolve("data/cameras"),
  VIGIL_DATA_DIR: resolve("data/vigil"),
  VIGIL_MQTT_URL: "",
  VIGIL_DETECTOR_URL: "",
  VIGIL_LLM_URL: "",
  VIGIL_BATCH_WINDOW_SECONDS: 20,
  VIGIL_BATCH_IDLE_SECONDS: 5,
  VIGIL_DEMO_CAMERA: "on",
};

describe("the environment of npm start", () => {
  it("has a default for every variable, also for one that is set to nothing", () => {
    assert.deepEqual(readEnvironment({}), DEFAULTS);
    const empty = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, ""]));
    assert.deepEqual(readEnvironment(empty), DEFAULTS);
  });

  it("takes what is set", () => {
    const given = {
      PORT: "8080",
      VIGIL_HOST: "0.0.0.0",
      VIGIL_SITE: "summer-house",
      VIGIL_CAMERAS_DIR: "/srv/ftp",
      VIGIL_DATA_DIR: "elsewhere",
      VIGIL_MQTT_URL: "mqtts://me:secret@broker:8883",
      VIGIL_DETECTOR_URL: "http://gpu:8095",
      VIGIL_LLM_URL: "https://gpu:8091/llm",
      VIGIL_BATCH_WINDOW_SECONDS: "90",
      VIGIL_BATCH_IDLE_SECONDS: "0.5",
      VIGIL_DEMO_CAMERA: "off",
    };
    assert.deepEqual(readEnvironment(given), {
      ...given,
      PORT: 8080,
      VIGIL_CAMERAS_DIR: resolve("/srv/ftp"),
      VIGIL_DATA_DIR: join(process.cwd(), "elsewhere"),
      VIGIL_BATCH_WINDOW_SECONDS: 90,
      VIGIL_BATCH_IDLE_SECONDS: 0.5,
    });
  });

  const wrong: [name: string, value: string, line: RegExp][] = [
    ["PORT", "http", /^PORT is "http": must be a port number from 0 to 65535/],
    ["PORT", "65536", /^PORT is "65536": must be a port number/],
    ["PORT", "18.8", /^PORT is "18.8": must be a port number/],
    ["VIGIL_SITE", "My Home", /^VIGIL_SITE is "My Home": must be 1 to 32 of a-z, 0-9 and -$/],
    ["VIGIL_MQTT_URL", "me:secret@broker:1883", /^VIGIL_MQTT_URL: .* must be mqtt:\/\/.*, like mqtt:\/\/192/],
    [
      "VIGIL_DETECTOR_URL",
      "me:secret@gpu:8095",
      /^VIGIL_DETECTOR_URL: must be an http:\/\/ or https:\/\/ URL, such as/,
    ],
    ["VIGIL_LLM_URL", "ftp://me:secret@gpu", /^VIGIL_LLM_URL: must be an http:\/\/ or https:\/\/ URL, such as/],
    ["VIGIL_BATCH_WINDOW_SECONDS", "-1", /^VIGIL_BATCH_WINDOW_SECONDS is "-1": must be a number of seconds from 0/],
    ["VIGIL_BATCH_IDLE_SECONDS", "3601", /^VIGIL_BATCH_IDLE_SECONDS is "3601": must be .* to 3600$/],
    ["VIGIL_DEMO_CAMERA", "yes", /^VIGIL_DEMO_CAMERA is "yes": must be on or off$/],
  ];
  for (const [name, value, line] of wrong) {
    it(`refuses ${name}=${value} in one line`, () => {
      assert.throws(
        () => readEnvironment({ [name]: value }),
        (error) => {
          assert.ok(error instanceof ConfigError);
          assert.equal(error.code, "ENVIRONMENT");
          assert.match(error.message, line);
          assert.doesNotMatch(error.message, /\n|secret/);
          return true;
        },
      );
    });
  }

  it("names every variable that is wrong", () => {
    assert.throws(
      () => readEnvironment({ PORT: "x", VIGIL_DEMO_CAMERA: "x" }),
      /^ConfigError: PORT is "x": .*\. VIGIL_DEMO_CAMERA is "x": must be on or off$/,
    );
  });
});
