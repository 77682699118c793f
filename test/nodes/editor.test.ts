/** The editor's side of each node against its run-time side: forms, catalogues, help and icons. */
import assert from "node:assert/strict";
import { globSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { SiteConfig } from "../../lib/site/config.ts";
import { TRIAL_ANSWERS } from "../../lib/site/trials.ts";
import {
  CONFIG_TYPES,
  catalogueOf,
  faultsOf,
  formOf,
  forms,
  freshValues,
  keysUsedBy,
  LANGUAGES,
  MODULE,
  REQUIRED,
  read,
  root,
  schemaOf,
  TYPES,
} from "./forms.ts";

describe("the editor's forms", () => {
  it("are those of the package's nodes", () => {
    const manifest = z.object({ "node-red": z.object({ nodes: z.record(z.string(), z.string()) }) });
    assert.deepEqual(Object.keys(manifest.parse(JSON.parse(read("package.json")))["node-red"].nodes).sort(), [
      ...TYPES.toSorted(),
    ]);
  });

  for (const type of TYPES) {
    describe(type, () => {
      it("has the fields of the schema", () => {
        const { defaults, credentials } = formOf(type);
        const own = Object.keys(schemaOf(type).shape).filter((name) => !(name in credentials));
        const shared = CONFIG_TYPES.includes(type) ? ["name"] : ["name", "site"];
        assert.deepEqual(Object.keys(defaults).sort(), [...own, ...shared].sort());
      });

      it("has the defaults of the schema", () => {
        const schema = schemaOf(type);
        const values = CONFIG_TYPES.includes(type) ? freshValues(type) : { ...freshValues(type), site: undefined };
        assert.deepEqual(schema.parse(values), schema.parse(REQUIRED[type] ?? {}));
      });

      it("has the credentials that the node registers", async () => {
        const Module = z.object({ default: z.custom<(RED: unknown) => void>((value) => typeof value === "function") });
        const registered: unknown[] = [];
        const node = Module.parse(await import(`../../nodes/${type}.ts`));
        node.default({
          nodes: { registerType: (...parameters: unknown[]) => registered.push(parameters[0], parameters[2]) },
          httpAdmin: { get: () => {}, post: () => {}, delete: () => {} },
          auth: { needsPermission: () => {} },
        });
        const { credentials } = formOf(type);
        assert.deepEqual(registered, [type, Object.keys(credentials).length > 0 ? { credentials } : {}]);
      });

      it("accepts what the schema accepts, and nothing else", () => {
        const typed = Object.keys(formOf(type).defaults).filter((name) => isTyped(type, name));
        for (const name of typed) {
          for (const text of TYPED) {
            const values = { ...freshValues(type), [name]: text };
            const faults = faultsOf(type, values);
            const accepted = schemaOf(type).safeParse(values).success;
            assert.equal(faults.length === 0, accepted, `${name} = "${text}": ${faults.join("; ") || "no fault"}`);
          }
        }
      });

      it("has no fault where a newer field is missing from an older node", () => {
        const { name, site } = freshValues(type);
        assert.deepEqual(faultsOf(type, { name, ...(!CONFIG_TYPES.includes(type) && { site }) }), []);
      });

      it("finds each of its texts in a catalogue", () => {
        for (const key of keysUsedBy(type)) {
          const [namespace = "", path = ""] = key.split(":");
          const texts = namespace === "node-red" ? nodeRedTexts() : catalogueOf(basename(namespace));
          assert.ok(texts.has(path), key);
        }
      });

      it("has help that says what each output sends", () => {
        const help = read("nodes/locales/en-US", `${type}.html`);
        assert.match(help, new RegExp(`<script type="text/html" data-help-name="${type}">\\s*<p>[^<]+</p>`));
        const [, ports = ""] = /<ol class="node-ports">(.*?)<\/ol>/s.exec(help) ?? [];
        assert.equal(ports.match(/<li>/g)?.length, formOf(type).outputs);
      });

      it("is in the palette with its own icon", () => {
        const { category, icon } = formOf(type);
        assert.match(read("icons", icon), /viewBox="0 0 40 60"/);
        assert.equal(category, CONFIG_TYPES.includes(type) ? "config" : "vigil");
        // The first node of a category to be loaded names it.
        assert.equal(catalogueOf(type).get("palette.label.vigil"), "Vigil");
      });
    });
  }

  it("take only URLs of their schemes", () => {
    const cases: [type: string, field: string, good: string[], bad: string[]][] = [
      [
        "detect",
        "url",
        ["", "http://10.0.0.2:8095", "https://me:pw@host/yolo26"],
        ["10.0.0.2:8095", "ftp://host", "x"],
      ],
      ["vigil-home-assistant", "url", ["", "http://ha.local:8123", "https://ha"], ["ha.local:8123", "ws://ha"]],
      ["nemotron-analyze", "url", ["", "http://10.0.0.2:8080/v1"], ["localhost", "mqtt://host"]],
      ["risk-alert", "webhookUrl", ["", "http://host:8080/x", "https://host"], ["host", "mqtt://host"]],
      ["vigil-site", "mqttUrl", ["", "mqtt://host", "mqtts://host:8883", "ws://h", "wss://h"], ["host", "http://host"]],
    ];
    for (const [type, field, good, bad] of cases) {
      for (const url of good) assert.deepEqual(faultsOf(type, { ...freshValues(type), [field]: url }), [], url);
      for (const url of bad) assert.equal(faultsOf(type, { ...freshValues(type), [field]: url }).length, 1, url);
    }
  });

  it("take no longer texts than their schemas", () => {
    for (const [field, most] of [
      ["household", 2000],
      ["houseRules", 1000],
    ] as const) {
      for (const text of ["", ` ${"x".repeat(most)}\n`, "x".repeat(most + 1)]) {
        const values = { ...freshValues("nemotron-analyze"), [field]: text };
        const accepted = schemaOf("nemotron-analyze").safeParse(values).success;
        assert.equal(accepted, text.length <= most + 2 && !/x$/.test(text.slice(most)));
        assert.equal(faultsOf("nemotron-analyze", values).length === 0, accepted, `${field} of ${text.length}`);
      }
    }
  });

  it("take pictures by the chat interface only", () => {
    for (const api of ["chat", "auto", "completion"]) {
      for (const pictures of ["0", 0, "", "1", 4]) {
        const values = { ...freshValues("nemotron-analyze"), api, pictures };
        const accepted = schemaOf("nemotron-analyze").safeParse(values).success;
        assert.equal(accepted, api !== "completion" || Number(pictures) === 0);
        // The form takes no empty field for a number.
        if (pictures !== "") assert.equal(faultsOf("nemotron-analyze", values).length === 0, accepted);
      }
    }
  });

  it("take the same lists of targets and entities as their schemas", () => {
    const names = (count: number, name: string) => Array.from({ length: count }, (_, n) => `${name}${n}`).join(", ");
    const cases: [type: string, field: string, good: string[], bad: string[]][] = [
      [
        "risk-alert",
        "targets",
        ["", "mobile_app_a, notify.mobile_app_b", "Notify.Family,,family", names(20, "p"), `${names(20, "p")}, p1`],
        ["mobile app", "notify.", "notify.a.b", "a;b", "über", names(21, "p")],
      ],
      [
        "vigil-home-assistant",
        "entities",
        ["", "lock.a, binary_sensor.B", names(12, "lock.p")],
        ["lock", "lock.", ".a", "lock.a b", "lock.a.b", names(13, "lock.p")],
      ],
    ];
    for (const [type, field, good, bad] of cases) {
      for (const text of [...good, ...bad]) {
        const values = { ...freshValues(type), [field]: text };
        assert.equal(schemaOf(type).safeParse(values).success, good.includes(text), `the schema, ${text}`);
        assert.equal(faultsOf(type, values).length === 0, good.includes(text), `the form, ${text}`);
      }
    }
  });

  it("check rules and quiet hours as the schema does", () => {
    const night = { days: [], from: "22:00", to: "06:00", timeZone: "" };
    const words = (count: number) => Array.from({ length: count }, (_, n) => `word ${n}`);
    const good: object[] = [
      ...[{}, { name: " a " }, { minScore: 0 }, { minScore: 100 }, { minConfidence: 0 }, { minDwell: 0.5 }],
      ...[{ minConfidence: 1 }, { minDwell: 86_400 }, { cooldown: 0 }, { cooldown: 86_400 }, { cameras: ["porch"] }],
      ...[{ labels: words(50) }, { zones: ["x".repeat(64)] }, { schedule: null }, { schedule: night }],
      ...[{ schedule: { ...night, timeZone: "Europe/Berlin" } }, { dedupKey: "{rule} {zone}" }, { dedupKey: "one" }],
    ];
    const bad: object[] = [
      ...[{ name: "" }, { name: " " }, { name: "x".repeat(65) }, { name: "B" }, { minScore: -1 }, { minScore: 101 }],
      ...[{ minScore: 0.5 }, { minScore: "x" }, { minConfidence: 1.1 }, { minConfidence: "x" }, { minDwell: 0 }],
      ...[{ minDwell: 86_401 }, { cooldown: -1 }, { cooldown: 86_401 }, { cooldown: "x" }, { cameras: ["Front door"] }],
      ...[{ labels: words(51) }, { zones: ["x".repeat(65)] }, { schedule: { ...night, from: "24:00" } }],
      ...[{ schedule: { ...night, to: "" } }, { schedule: { ...night, timeZone: "Mars/Base" } }],
      ...[{ dedupKey: "{camera}" }, { dedupKey: "{}" }, { dedupKey: "x".repeat(201) }],
    ];
    for (const changes of [...good, ...bad]) {
      const expected = good.includes(changes);
      const values = { ...freshValues("risk-alert"), rules: [{ name: "b" }, { name: "a", ...changes }] };
      const text = JSON.stringify(changes);
      assert.equal(schemaOf("risk-alert").safeParse(values).success, expected, `the schema, ${text}`);
      assert.equal(faultsOf("risk-alert", values).length === 0, expected, `the form, ${text}`);
      const { schedule } = z.object({ schedule: z.unknown() }).partial().parse(changes);
      if (schedule === undefined) continue;
      const quiet = { ...freshValues("risk-alert"), quietHours: schedule };
      assert.equal(schemaOf("risk-alert").safeParse(quiet).success, expected, `the schema, quiet hours ${text}`);
      assert.equal(faultsOf("risk-alert", quiet).length === 0, expected, `the form, quiet hours ${text}`);
    }
  });

  it("check the camera list as the schema does", () => {
    const camera = { id: "yard", folder: "", name: "", timeZone: "" };
    const lists = [
      [camera],
      [{ ...camera, timeZone: "Europe/Berlin" }],
      [{ ...camera, id: "" }],
      [{ ...camera, id: "Front Door" }],
      [{ ...camera, id: "a".repeat(65) }],
      [camera, { ...camera, name: "The same id" }],
      [{ ...camera, timeZone: "Mars/Base" }],
      [{ ...camera, purpose: "x".repeat(200) }],
      [{ ...camera, purpose: "x".repeat(201) }],
    ];
    for (const cameras of lists) {
      const values = { ...freshValues("vigil-site"), cameras };
      const accepted = SiteConfig.safeParse(values).success;
      assert.equal(faultsOf("vigil-site", values).length === 0, accepted, JSON.stringify(cameras));
    }
    assert.deepEqual(
      faultsOf("vigil-site", { ...freshValues("vigil-site"), cameras: [{ ...camera, id: `\${ID}` }] }),
      [],
    );
  });
});

describe("the form of detect", () => {
  const corners = "[[0, 0], [1, 0], [1, 0.2]]";
  const polygon = `{ "points": ${corners} }`;
  const points = (count: number) => JSON.stringify([{ points: Array.from({ length: count }, () => [0, 1]) }]);
  const texts: [field: string, good: string[], bad: string[]][] = [
    [
      "thresholds",
      ["person 0.6", "person 0.6, vehicle 0.7", "Traffic Light .5,", "person 1", " , "],
      [
        ...["person 1.1", "person -1", "person", "0.6", "person 0.6 vehicle 0.7x", "person 0,6", "person 60%"],
        ...["person 1e-1", "person 0.6, Person 0.7"],
      ],
    ],
    [
      "mask",
      [
        ...[`[${polygon}]`, `[{ "camera": "porch", "points": ${corners} }]`, "[]", "  ", points(3), points(100)],
        `[${Array.from({ length: 100 }, () => polygon)}]`,
      ],
      [
        ...["{}", "null", "[null]", "[[]]", "[{}]", "[", polygon, `[${corners}]`, points(2), points(101)],
        ...["cam", "Camera"].map((key) => `[{ "${key}": "porch", "points": ${corners} }]`),
        ...['"Porch"', "null", "1"].map((camera) => `[{ "camera": ${camera}, "points": ${corners} }]`),
        ...['["0", "0"]', "[null, null]", "[0]", "[0, 0, 0]", "[2, 0]", "[0, -1]", "0"].map(
          (point) => `[{ "points": [[0, 0], [1, 0], ${point}] }]`,
        ),
        `[${Array.from({ length: 101 }, () => polygon)}]`,
      ],
    ],
  ];
  for (const [field, good, bad] of texts) {
    it(`takes and refuses the same ${field} as the schema`, () => {
      for (const text of [...good, ...bad]) {
        const config = { ...freshValues("detect"), [field]: text };
        const expected = good.includes(text);
        assert.equal(schemaOf("detect").safeParse(config).success, expected, `the schema, ${text}`);
        assert.equal(faultsOf("detect", config).length === 0, expected, `the form, ${text}`);
      }
    });
  }
});

describe("the catalogues", () => {
  it("have no text that nobody uses", () => {
    const used = new Set(TYPES.flatMap(keysUsedBy));
    for (const type of TYPES) {
      const keys = [...catalogueOf(type).keys()].filter((key) => !/^(status|trial|palette\.label)\./.test(key));
      for (const key of keys) assert.ok(used.has(`${MODULE}/${type}:${key}`), `${type}: ${key}`);
    }
  });

  it("have each answer to a trial, and no other", () => {
    const keys = [...catalogueOf("vigil-site").keys()].filter((key) => key.startsWith("trial."));
    const answers = keys.map((key) => key.replace(/^trial\.|_(one|other)$/g, ""));
    assert.deepEqual([...new Set(answers)].sort(), [...TRIAL_ANSWERS].sort());
  });

  it("have each status, short enough to be read below a node", () => {
    const sources = globSync("nodes/*.ts", { cwd: root }).map((file) => read(file));
    const keys = sources.flatMap((text) => [...text.matchAll(/\bkey: "(\w+)"/g)].map(([, key]) => key));
    for (const language of LANGUAGES) {
      const texts = catalogueOf("vigil-site", language);
      for (const key of new Set([...keys, "notDurable"])) {
        const text = texts.get(`status.${key}`) ?? texts.get(`status.${key}_other`);
        assert.ok(text, `${language}: status.${key}`);
        assert.ok(text.replace("__count__", "99999").replace("__time__", "00:00").length < 20, text);
      }
    }
  });
});

describe("the icons", () => {
  it("are those that the nodes show", () => {
    assert.deepEqual(readdirSync(join(root, "icons")).sort(), [...forms.values()].map(({ icon }) => icon).sort());
  });
});

/** Whether a field is text that a user types, of which the schema knows all there is to know. */
function isTyped(type: string, name: string): boolean {
  if (
    ["name", "site", "url", "mqttUrl", "webhookUrl", "homeAssistant"].includes(name) &&
    !(type === "vigil-site" && name === "site")
  )
    return false;
  return new RegExp(`<(input type="text"|textarea) id="node-(config-)?input-${name}"`).test(
    read("nodes", `${type}.html`),
  );
}

/**
 * What a user might type into any field. Not the empty text: the schemas read it as the number 0, while the forms ask
 * for a number.
 */
const TYPED = [
  ...["-1", "0", "0.05", "0.1", "0.5", "1", "1.5", "29", "30", "32", "33", "59", "60", "84", "85", "99", "100", "101"],
  ...["600", "601", "3600", "3601", "10000", "10001", "86400", "86401", "1e9", "x", "12x", "Infinity"],
  ...["home", "my-home", "My Home", "a".repeat(33), "a/b", "a//b", "a/+/b", "#", " vigil "],
  ...["Europe/Berlin", "UTC", "Mars/Base", "person, dog"],
];

function nodeRedTexts(): { has(path: string): boolean } {
  const texts: unknown = JSON.parse(read("node_modules/@node-red/nodes/locales/en-US/messages.json"));
  const find = (value: unknown, path: readonly string[]): unknown =>
    path.reduce((part, key) => z.record(z.string(), z.unknown()).safeParse(part).data?.[key], value);
  return { has: (path) => typeof find(texts, path.split(".")) === "string" };
}
