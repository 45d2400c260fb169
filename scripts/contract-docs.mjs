// Writes docs/contracts from the built model. Files there that no contract makes any more are removed.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { contractDocs, contracts } from "../packages/model/dist/index.js";

const folder = fileURLToPath(new URL("../docs/contracts/", import.meta.url));
const files = contractDocs(contracts);
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) if (!(name in files)) rmSync(`${folder}${name}`);
for (const [name, text] of Object.entries(files)) writeFileSync(`${folder}${name}`, text);
console.log(`Wrote ${Object.keys(files).length} files to docs/contracts.`);
