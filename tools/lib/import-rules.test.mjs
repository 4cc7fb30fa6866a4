import assert from "node:assert/strict";
import { test } from "node:test";
import { importProblems } from "./import-rules.mjs";

const FORBIDDEN = [
	["upwards", "src/model/rows.ts", 'import { main } from "../cli/main.js";', /model may not import cli: it is above/],
	["a type upwards", "src/base/a.ts", 'import type { X } from "../model/x.js";', /base may not import model/],
	["a re-export upwards", "src/base/a.ts", 'export { x } from "../model/x.js";', /base may not import model/],
	["all of it upwards", "src/base/a.ts", 'export * from "../model/x.js";', /base may not import model/],
	["for its effects", "src/base/a.ts", 'import "../cli/main.js";', /base may not import cli/],
	["when it is needed", "src/base/a.ts", '\tawait import("../cli/main.js");', /base may not import cli/],
	["in a type", "src/base/a.ts", 'let x: import("../cli/main.js").X;', /base may not import cli/],
	["the library from below", "src/capture/a.ts", 'import { observe } from "../index.js";', /may not import index\.ts/],
	[
		"the kernel from a view",
		"src/views/a.ts",
		'import { B } from "../kernel/map.js";',
		/views may not import kernel: only/,
	],
	[
		"koffi outside kernel",
		"src/capture/a.ts",
		'import koffi from "koffi";',
		/koffi may only be imported in src\/kernel/,
	],
	["koffi in a test", "test/live/a.test.ts", 'import koffi from "koffi";', /koffi may only be imported in src\/kernel/],
	[
		"a package nobody decided on",
		"src/cli/a.ts",
		'import x from "left-pad/x.js";',
		/package left-pad is not in the table/,
	],
	["a package with a scope", "src/cli/a.ts", 'import x from "@a/b/c";', /package @a\/b is not in the table/],
	["a test package", "src/cli/a.ts", 'import fc from "fast-check";', /fast-check is for tests only/],
	["a computed name", "src/cli/a.ts", "await import(name);", /a computed name cannot be checked/],
	["out of src", "src/cli/a.ts", 'import x from "../../test/support/until.js";', /outside src/],
	["an unknown folder", "src/cli/a.ts", 'import x from "../other/x.js";', /other is not a known part/],
];

for (const [name, path, text, message] of FORBIDDEN) {
	test(`forbids an import ${name}`, () => {
		const problems = importProblems(/** @type {string} */ (path), /** @type {string} */ (text));
		assert.equal(problems.length, 1);
		assert.match(problems[0] ?? "", /** @type {RegExp} */ (message));
	});
}

const ALLOWED = [
	["downwards", "src/cli/a.ts", 'import { x } from "../base/x.js";'],
	["sideways", "src/cli/a.ts", 'import { x } from "./x.js";'],
	["the library from the command line", "src/cli/a.ts", 'const { observe } = await import("../index.js");'],
	["koffi in kernel", "src/kernel/native.ts", 'import koffi from "koffi";'],
	["a part of Node", "src/base/a.ts", 'import { join } from "node:path";'],
	["helpers of tests in a test", "src/cli/a.test.ts", 'import { until } from "../../test/support/until.js";'],
	["anything of src in a test of the whole", "test/live/a.test.ts", 'import { x } from "../../src/kernel/map.js";'],
	["a computed name in a test", "test/live/a.test.ts", "await import(name);"],
	[
		"in a comment",
		"src/base/a.ts",
		'/**\n *     import { main } from "../cli/main.js";\n *     import("../cli/main.js")\n */',
	],
];

for (const [name, path, text] of ALLOWED) {
	test(`allows an import ${name}`, () => assert.deepEqual(importProblems(path ?? "", text ?? ""), []));
}

test("names file and line, also of an import over several lines", () => {
	const text = 'import { join } from "node:path";\n\nimport {\n\ta,\n\tb,\n} from "../cli/main.js";\n';
	assert.deepEqual(importProblems("src/base/a.ts", text), ["src/base/a.ts:6: base may not import cli: it is above"]);
});
