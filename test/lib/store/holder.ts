/**
 * A process of its own that opens the store of the folder it is told, writes down an upload, says how that went, and
 * keeps the store open.
 */
import { StoreError } from "../../../lib/resilience/errors.ts";
import { Store } from "../../../lib/store/store.ts";
import { uploadOf } from "./support.ts";

try {
  const store = Store.open(process.argv[2] ?? "");
  store.uploads.adopt(uploadOf("up_1"));
  process.stdout.write("open\n");
  // Whoever started it ends it.
  process.stdin.resume();
} catch (error) {
  process.stdout.write(`${error instanceof StoreError ? error.code : String(error)}\n`);
}
