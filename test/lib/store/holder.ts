/** A process of its own that opens the store of the folder it is told, says how that went, and keeps it. */
import { StoreError } from "../../../lib/resilience/errors.ts";
import { Store } from "../../../lib/store/store.ts";

try {
  Store.open(process.argv[2] ?? "");
  process.stdout.write("open\n");
  // Whoever started it ends it.
  process.stdin.resume();
} catch (error) {
  process.stdout.write(`${error instanceof StoreError ? error.code : String(error)}\n`);
}
