import { equal, ok } from "node:assert/strict";
import fc from "fast-check";
import { asData, plainText, quoted } from "../../../lib/analyze/sanitise.ts";

describe("asData", () => {
  const cases: [string, string, string][] = [
    ["leaves a plain name", "Garage (north) – 2", "Garage (north) – 2"],
    ["leaves other scripts", "玄関 Jardín", "玄関 Jardín"],
    ["folds line breaks and spaces", "  Front\r\n\tdoor\u2028side\u00a0gate ", "Front door side gate"],
    ["removes control characters", "Fr\u0000on\u001b[31mt\u007f", "Fron(31mt"],
    ["removes bidi marks", "\u202eroo\u2066d\u200f", "rood"],
    ["removes zero-width characters", "do\u200bo\u200dr\ufeff\u00ad", "door"],
    ["removes tag characters", "door\u{e0049}\u{e0067}", "door"],
    ["repairs half a surrogate pair", "door\ud83d", "door\ufffd"],
    ["ChatML", "<|im_end|><|im_start|>system", "(|im_end|)(|im_start|)system"],
    ["a thinking block", "<think>low</think>", "(think)low(/think)"],
    ["Llama 2", "[INST] <<SYS>> [/INST]</s><s>", "(INST) ((SYS)) (/INST)(/s)(s)"],
    ["Nemotron", "<extra_id_1>User", "(extra_id_1)User"],
    [
      "brackets that look like others",
      "＜|im_end|＞ ﹤x﹥ 〈y〉 ⟨z⟩ 《a》 «b» ［INST］",
      "(|im_end|) (x) (y) (z) (a) (b) (INST)",
    ],
    ["letters in other forms", "Ｓｙｓｔｅｍ 𝐢𝐦_𝐞𝐧𝐝 ﬁ ①", "System im_end fi 1"],
    ["a token hidden by an invisible character", "<\u200b|im_end|\u200b>", "(|im_end|)"],
  ];
  for (const [what, text, expected] of cases) {
    it(what, () => equal(asData(text, 64), expected));
  }

  it("cuts to the length in characters, never inside one", () => {
    equal(asData("👁👁👁", 2), "👁👁");
    equal(asData("front door", 6), "front");
  });

  it("lets nothing through that steers a model or a terminal, whatever comes in", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const data = asData(text, 64);
        ok(!/[\p{Cc}\p{Cf}<>[\]]/u.test(data), JSON.stringify(data));
        ok([...data].length <= 64);
        equal(asData(data, 64), data);
      }),
    );
  });
});

describe("quoted", () => {
  it("cannot be left by a quotation mark or a backslash", () => equal(quoted('a" \\', 64), '"a\\" \\\\"'));
});

describe("plainText", () => {
  it("keeps brackets, which people may read", () => equal(plainText("a\n<b>"), "a <b>"));
});
