/** The example flows, as a user imports them. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CONFIG_TYPES, faultsOf, formOf, read, root, schemaOf, TYPES } from "./forms.ts";

describe("the examples", () => {
  const FlowNode = z.looseObject({
    id: z.string().regex(/^[0-9a-f]{16}$/),
    type: z.string(),
    z: z.string().optional(),
    wires: z.array(z.array(z.string())).optional(),
    credentials: z.undefined().optional(),
  });
  const files = globSync("**/*.json", { cwd: join(root, "examples") });
  const flows = new Map(files.map((file) => [file, z.array(FlowNode).parse(JSON.parse(read("examples", file)))]));

  it("show every node", () => {
    const shown = new Set([...flows.values()].flat().map(({ type }) => type));
    assert.deepEqual(
      TYPES.filter((type) => !shown.has(type)),
      [],
    );
  });

  for (const [file, nodes] of flows) {
    describe(file, () => {
      const ids = new Set(nodes.map(({ id }) => id));

      it("is a flow on one tab whose wires lead somewhere", () => {
        assert.equal(ids.size, nodes.length);
        const [tab, ...others] = nodes.filter(({ type }) => type === "tab");
        assert.ok(tab && others.length === 0);
        for (const node of nodes) {
          if (node.wires) assert.equal(node.z, tab.id);
          for (const id of node.wires?.flat() ?? []) assert.ok(ids.has(id), `${node.id} leads to ${id}`);
        }
      });

      it("has Vigil nodes as their forms would save them", () => {
        for (const node of nodes.filter(({ type }) => TYPES.includes(type))) {
          const { id: _id, type, z: _z, x: _x, y: _y, wires, ...values } = node;
          const form = formOf(type);
          assert.deepEqual(Object.keys(values).sort(), Object.keys(form.defaults).sort());
          assert.deepEqual(faultsOf(type, values), []);
          schemaOf(type).parse(values);
          assert.equal(wires?.length, form.outputs);
          const typeOf = (wanted: unknown) => nodes.find(({ id }) => id === wanted)?.type;
          if (!CONFIG_TYPES.includes(type)) assert.equal(typeOf(values.site), "vigil-site");
          if (values.homeAssistant) assert.equal(typeOf(values.homeAssistant), "vigil-home-assistant");
        }
      });
    });
  }
});
