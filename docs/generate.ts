/** `npm run docs`: writes the pages of this folder that are made of the code. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { entitiesPage } from "./entities-page.ts";
import { messagesPage } from "./messages-page.ts";

writeFileSync(join(import.meta.dirname, "entities.md"), entitiesPage());
writeFileSync(join(import.meta.dirname, "messages.md"), messagesPage());
