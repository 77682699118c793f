/** Who is recognised, what is remembered of it, and what people say of it: on a store, with vectors of known people. */
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { directionOf } from "../../../lib/context/reid/direction.ts";
import type { Batch } from "../../../lib/domain/batch.ts";
import type { KnownEntity } from "../../../lib/domain/identity.ts";
import { toIso } from "../../../lib/domain/time.ts";
import { type IdentifyOptions, identify, type Seen } from "../../../lib/site/identify.ts";
import { identityCommands } from "../../../lib/site/identity-commands.ts";
import { KnownIdentities } from "../../../lib/site/known-identities.ts";
import { DATABASE_FILE } from "../../../lib/store/store.ts";
import { EMPTY_BATCH } from "../../support/empty-batch.ts";
import { removeTempFolders } from "../../support/temp-folder.ts";
import { dice, near, people } from "../context/reid/people.ts";
import { personAt, START } from "../context/scenes.ts";
import { rows } from "../store/support.ts";
import { RunningSite } from "./running-site.ts";

const CLIP = "clip-vit-l-14";
const LENGTH = 96;

describe("identities", () => {
  const random = dice(23);
  const [anna = [], ben = [], stranger = []] = people(3, LENGTH, 0.6, random);
  let running: RunningSite;
  let known: KnownIdentities;
  let batches = 0;
  let elsewhere: string[] = [];

  const open = (before?: RunningSite) => {
    running = new RunningSite(before);
    known = KnownIdentities.of(running.site);
  };
  beforeEach(() => {
    open();
    elsewhere = [];
  });
  afterEach(() => running.close());
  after(removeTempFolders);

  /** Somebody who was seen so many minutes after the start. */
  const seen = (
    vector: ArrayLike<number>,
    minutes: number,
    changes: Partial<Seen> & { model?: string } = {},
  ): Seen => ({
    track: [personAt(0.5, 0.5, minutes * 60), personAt(0.5, 0.5, minutes * 60 + 1)],
    kind: "person",
    look: { modelId: changes.model ?? CLIP, direction: directionOf(vector) },
    plate: null,
    ...changes,
  });
  const car = (plate: string | null, minutes: number): Seen =>
    seen(anna, minutes, { kind: "vehicle", look: null, plate });
  const batchOf = (minutes: number, changes: Partial<Batch> = {}): Batch => {
    batches += 1;
    const started_at = toIso(START + minutes * 60_000);
    return { ...EMPTY_BATCH, batch_id: `ba_${batches}`, started_at, ended_at: started_at, ...changes };
  };
  const enter = (batch: Batch, all: readonly Seen[], changes: Partial<IdentifyOptions> = {}): KnownEntity[] =>
    running.site.store.transaction((tables) =>
      identify(tables, batch, all, {
        known,
        same: null,
        vehicles: [],
        cameraName: (id) => id.toUpperCase(),
        onElsewhere: (names) => elsewhere.push(...names),
        ...changes,
      }),
    );
  const command = (name: keyof ReturnType<typeof identityCommands>, payload?: unknown) =>
    Object(identityCommands(running.site)[name](payload));

  it("are new once, and known from then on: with when, how often and where, over a restart", async () => {
    const [first] = enter(batchOf(0, { camera_id: "porch" }), [seen(anna, 0)]);
    ok(first);
    deepEqual(
      { ...first, entity_id: "", detection_ids: first.detection_ids.length },
      {
        entity_id: "",
        kind: "person",
        trust: "unknown",
        match: "new",
        first_seen_at: toIso(START + 1_000),
        times_seen: 1,
        cameras: ["PORCH"],
        detection_ids: 2,
      },
    );
    await running.close();
    open(running);
    const [again, other] = enter(batchOf(9, { camera_id: "yard" }), [seen(near(anna, 0.93, random), 9), seen(ben, 9)]);
    deepEqual(
      [again?.entity_id, again?.match, again?.similarity, again?.times_seen, again?.last_seen_at, again?.cameras],
      [first.entity_id, "look", 0.93, 2, toIso(START + 1_000), ["PORCH", "YARD"]],
    );
    deepEqual([other?.match, other?.times_seen], ["new", 1]);
  });

  it("are told as before, and counted once, when a batch comes again", () => {
    enter(batchOf(0), [seen(anna, 0)]);
    const batch = batchOf(5);
    const both = [seen(near(anna, 0.93, random), 5), seen(ben, 5)];
    const once = enter(batch, both);
    deepEqual(enter(batch, both), once);
    deepEqual(
      enter(batch, [...both].reverse()).map(({ times_seen }) => times_seen),
      [1, 2],
    );
    equal(running.site.store.identities.count(), 2);
  });

  it("count a batch once, however many tracks of it show them", () => {
    const [entity, ...others] = enter(batchOf(0), [seen(anna, 0), seen(near(anna, 0.95, random), 3)]);
    deepEqual([entity?.times_seen, entity?.detection_ids.length, others.length], [1, 4, 0]);
  });

  it("follow a look that changes slowly, but no look that is not surely theirs", () => {
    const [first] = enter(batchOf(0), [seen(anna, 0)]);
    // Recognised, and not surely: the next one who is like that one only is another.
    const alike = near(anna, 0.86, random);
    deepEqual(enter(batchOf(1), [seen(alike, 1)])[0]?.entity_id, first?.entity_id);
    const further = near(alike, 0.86, random);
    equal(enter(batchOf(2), [seen(further, 2)])[0]?.match, "new");
    // Surely, again and again.
    let look: ArrayLike<number> = anna;
    for (let n = 3; n < 12; n++) {
      look = near(look, 0.98, random);
      equal(enter(batchOf(n), [seen(look, n)])[0]?.entity_id, first?.entity_id, `${n}`);
    }
  });

  describe("of another model, or with vectors of another length,", () => {
    for (const [what, other] of [
      ["model", { model: "osnet_x1_0" }],
      ["length", { look: { modelId: CLIP, direction: directionOf(anna.slice(0, 64)) } }],
    ] as const) {
      it(`are never compared; whom people have named must be enrolled again (${what})`, () => {
        const [first] = enter(batchOf(0), [seen(anna, 0)]);
        deepEqual(enter(batchOf(1), [seen(anna, 1, other)])[0]?.match, "new");
        deepEqual(elsewhere, []);
        command("enrol", { name: "Anna", detection_id: first?.detection_ids[1] });
        const [unsaid] = enter(batchOf(2), [
          seen(
            ben,
            2,
            "model" in other ? other : { look: { modelId: CLIP, direction: directionOf(ben.slice(0, 64)) } },
          ),
        ]);
        deepEqual([unsaid?.match, unsaid?.trust, elsewhere], ["enrol_again", "unknown", ["Anna"]]);
        command("enrol", { name: "anna", detection_id: unsaid?.detection_ids[0] });
        equal(Object(command("entities", { search: "ANNA" })).entities.length, 1);
      });
    }
  });

  describe("of vehicles", () => {
    it("are known by their plates, however these are written, and by no look where one was read", () => {
      const [first] = enter(batchOf(0), [car("BAB1234", 0)]);
      deepEqual([first?.match, first?.plate], ["new", "BAB1234"]);
      deepEqual(enter(batchOf(1), [car("BAB1234", 1)])[0]?.match, "plate");
      const withLook = (plate: string | null, minutes: number) => seen(stranger, minutes, { kind: "vehicle", plate });
      enter(batchOf(2), [withLook("BAB1234", 2)]);
      equal(enter(batchOf(3), [withLook(null, 3)])[0]?.entity_id, first?.entity_id);
      notSame(enter(batchOf(4), [withLook("XY99", 4)])[0], first);
    });

    it("have the name and the trust that the form gives their plate, as long as it does", () => {
      const vehicles = [{ name: "Our car", plate: "BAB1234", trust: "trusted" }] as const;
      const told = (options: Partial<IdentifyOptions>) => {
        const [entity] = enter(batchOf(batches), [car("BAB1234", batches)], options);
        return [entity?.name, entity?.trust];
      };
      deepEqual(told({ vehicles }), ["Our car", "trusted"]);
      deepEqual(told({}), [undefined, "unknown"]);
    });

    it("can be registered before they come", () => {
      command("register_plate", { plate: "bab-12 34", name: "Post van", trust: "untrusted" });
      const [entity] = enter(batchOf(0), [car("BAB1234", 0)]);
      deepEqual(
        [entity?.name, entity?.trust, entity?.match, entity?.times_seen],
        ["Post van", "untrusted", "plate", 1],
      );
      throws(() => command("register_plate", { plate: "--", name: "x" }), { code: "BAD_PAYLOAD" });
    });
  });

  describe("the commands", () => {
    it("enrol whom a detection shows, with all that is known of it", () => {
      const [first] = enter(batchOf(0), [seen(anna, 0)]);
      enter(batchOf(1), [seen(near(anna, 0.95, random), 1)]);
      const told = command("enrol", { name: "Anna", detection_id: first?.detection_ids[1] });
      deepEqual(
        [told.identity_id, told.name, told.trust, told.times_seen, told.models],
        [first?.entity_id, "Anna", "trusted", 2, [CLIP]],
      );
      const [again] = enter(batchOf(2), [seen(near(anna, 0.9, random), 2)]);
      deepEqual([again?.name, again?.trust], ["Anna", "trusted"]);
    });

    it("enrol a second look of somebody, who is then known by both", () => {
      const inCoat = near(anna, 0.75, random);
      const [plain] = enter(batchOf(0), [seen(anna, 0)]);
      const [coat] = enter(batchOf(1), [seen(inCoat, 1)]);
      for (const entity of [plain, coat]) command("enrol", { name: "Anna", detection_id: entity?.detection_ids[0] });
      const { count, entities } = command("entities");
      deepEqual([count, entities[0].name, entities[0].times_seen], [1, "Anna", 2]);
      for (const look of [anna, inCoat]) equal(enter(batchOf(2 + batches), [seen(look, 2 + batches)])[0]?.name, "Anna");
    });

    it("take one detection away from somebody whom people have named otherwise", () => {
      const [first] = enter(batchOf(0), [seen(anna, 0)]);
      command("enrol", { name: "Anna", detection_id: first?.detection_ids[0] });
      const twin = near(anna, 0.91, random);
      const [taken] = enter(batchOf(1), [seen(twin, 1)]);
      equal(taken?.name, "Anna");
      command("enrol", { name: "Berta", detection_id: taken?.detection_ids[0], trust: "untrusted" });
      equal(enter(batchOf(2), [seen(anna, 2)])[0]?.name, "Anna");
      const [berta] = enter(batchOf(3), [seen(twin, 3)]);
      deepEqual([berta?.name, berta?.trust], ["Berta", "untrusted"]);
    });

    it("name, trust, untrust and list", () => {
      const [entity] = enter(batchOf(0), [seen(anna, 0), seen(ben, 0)]);
      const id = entity?.entity_id;
      equal(command("name", { entity_id: id, name: "Postman" }).name, "Postman");
      equal(command("untrust", id).trust, "untrusted");
      equal(command("trust", { entity_id: id, trust: "unknown" }).trust, "unknown");
      equal(command("trust", id).trust, "trusted");
      const { count, entities } = command("entities", { most: 1 });
      deepEqual([count, entities.length, entities[0].name, entities[0].vector], [2, 1, "Postman", undefined]);
    });

    it("merge two", () => {
      const [first, second] = enter(batchOf(0, { camera_id: "porch" }), [seen(anna, 0), seen(ben, 0)]);
      const merged = command("merge", { from: second?.entity_id, into: first?.entity_id });
      deepEqual([merged.times_seen, merged.cameras], [2, ["porch"]]);
      equal(running.site.store.identities.count(), 1);
    });

    it("forget one so that nothing of it is left, in memory or on the disk", async () => {
      const isOnDisk = async () => {
        await running.close();
        const isFound = readFileSync(join(running.folder, DATABASE_FILE)).includes(Buffer.from(directionOf(anna)));
        open(running);
        return isFound;
      };
      const [first] = enter(batchOf(0), [seen(anna, 0)]);
      equal(await isOnDisk(), true);
      enter(batchOf(1), [seen(ben, 1)]);
      deepEqual(command("forget", first?.entity_id), { forgotten: first?.entity_id });
      equal(await isOnDisk(), false);
      equal(enter(batchOf(2), [seen(anna, 2)])[0]?.match, "new");
      for (const { identity_id } of command("entities").entities) command("forget", identity_id);
      for (const table of ["identities", "identity_cameras", "plates", "looks", "appearances"]) {
        deepEqual(rows(running.folder, `SELECT * FROM ${table}`), [], table);
      }
    });

    it("say what is wrong", () => {
      const [first, second] = enter(batchOf(0), [seen(anna, 0), seen(ben, 0)]);
      const [van] = enter(batchOf(1), [car("AB1", 1)]);
      command("name", { entity_id: first?.entity_id, name: "Anna" });
      const wrong: [Parameters<typeof command>[0], unknown, string][] = [
        ["name", { entity_id: second?.entity_id, name: "ANNA" }, "NAME_TAKEN"],
        ["trust", "id_none", "NO_SUCH_ENTITY"],
        ["forget", undefined, "BAD_PAYLOAD"],
        ["merge", { from: van?.entity_id, into: first?.entity_id }, "CANNOT_MERGE"],
        ["enrol", { name: "A", detection_id: "de_none" }, "NOT_RECOGNISED"],
        ["enrol", { name: "A", event_id: "ev_none" }, "NO_SUCH_EVENT"],
        ["enrol", { name: "A" }, "BAD_PAYLOAD"],
        ["entities", { most: 0 }, "BAD_PAYLOAD"],
      ];
      for (const [name, payload, code] of wrong) throws(() => command(name, payload), { code });
      throws(
        () => command("trust", "id_none"),
        ({ message }) => {
          match(message, /"id_none"; the command "entities"/);
          return true;
        },
      );
    });
  });

  it("are forgotten beyond a limit, those first that nobody has named and that were seen longest ago", () => {
    known = new KnownIdentities(running.site.store, 10);
    const faces = people(14, LENGTH, 0.2, random);
    const comes = (n: number, minutes: number) => enter(batchOf(minutes), [seen(faces[n] ?? [], minutes)])[0];
    const ids = Array.from({ length: 10 }, (_, n) => comes(n, n)?.entity_id);
    command("name", { entity_id: ids[0], name: "The first" });
    // Somebody who was seen twice is worth more than one who was seen once, a little later.
    comes(1, 10);
    for (const n of [10, 11, 12]) equal(comes(n, n + 1)?.match, "new");
    equal(running.site.store.identities.count(), 10);
    deepEqual(
      [0, 1, 5, 12].map((n) => comes(n, n + 20)?.entity_id),
      [ids[0], ids[1], ids[5], comes(12, 40)?.entity_id],
    );
    equal(comes(2, 50)?.match, "new");
    equal(running.site.store.identities.count(), 10);
  });
});

function notSame(one: KnownEntity | undefined, other: KnownEntity | undefined): void {
  ok(one && other && one.entity_id !== other.entity_id);
}
