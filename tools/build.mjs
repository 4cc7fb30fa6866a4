/** `npm run build`: builds what is out of date. Installs nothing; `npm start` does. */
import { runTool } from "./lib/failure.mjs";
import { build } from "./lib/setup.mjs";

await runTool(build);
