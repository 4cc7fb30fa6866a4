/** The stack of each hook and of all that it calls, as every supported kernel counts it: npm test boots only one of the old ones. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { STACK_BYTES, stackUse } from "../support/bpf-stack.js";

const OBJECTS = fileURLToPath(new URL("../../../build/bpf", import.meta.url));
const ARCHITECTURES = ["x64", "arm64"];
/** Of each object, a hook whose way is long: that it is known whole shows that calls are found. */
const LONG_WAYS = {
	httpeek: ["traffic", "take_target"],
	"httpeek-compat": ["traffic", "end_tls_exchanges"],
	"httpeek-tls": ["tls_end", "feed"],
	"httpeek-tls-compat": ["tls_end", "feed"],
} as const;

for (const architecture of ARCHITECTURES) {
	describe(`the stack of hooks, ${architecture}`, () => {
		for (const [object, [hook, inner]] of Object.entries(LONG_WAYS)) {
			it(`${object}.bpf.o: no hook takes more than ${STACK_BYTES} bytes`, () => {
				const uses = stackUse(readFileSync(join(OBJECTS, architecture, `${object}.bpf.o`)));
				const way = uses.find(({ calls }) => calls[0]?.startsWith(`${hook}:`));
				assert.ok(
					way?.calls.some((call) => call.startsWith(`${inner}:`)),
					`${hook}: ${way?.calls.join(" ")}`,
				);
				const tooDeep = uses.filter(({ bytes }) => bytes > STACK_BYTES);
				assert.deepEqual(tooDeep, []);
			});
		}
	});
}
