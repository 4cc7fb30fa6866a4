import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { untilFileClockTicks } from "../../test/support/file-clock.js";
import { ProcessRoot, stateOf } from "./process-root.js";

/** A tree of files; what begins with `->` is a link. */
function makeRoot(context: TestContext, files: Readonly<Record<string, string>>): string {
	const base = mkdtempSync(join(tmpdir(), "httpeek-root-"));
	context.after(() => rmSync(base, { recursive: true, force: true }));
	for (const [path, text] of Object.entries(files)) {
		mkdirSync(dirname(join(base, path)), { recursive: true });
		if (text.startsWith("->")) symlinkSync(text.slice(2), join(base, path));
		else writeFileSync(join(base, path), text);
	}
	return base;
}

test("links lead where they lead for the process: an absolute one from its root on, and none out of it", (context) => {
	const base = makeRoot(context, {
		"usr/lib/x.so.1.2": "library",
		"usr/lib/x.so.1": "->x.so.1.2",
		"usr/lib/absolute.so": "->/lib/x.so.1",
		"usr/lib/above.so": "->../../../../../../../../usr/./lib//x.so.1.2",
		"usr/lib/outside.so": `->${process.execPath}`,
		"usr/lib/loop.so": "->loop.so",
		"usr/lib/root": "->..//../",
		lib: "->usr/lib",
	});
	const root = new ProcessRoot(base, 1000);
	for (const name of ["x.so.1.2", "x.so.1", "absolute.so", "above.so"]) {
		const found = root.find(`/lib/${name}`);
		assert.deepEqual(found, {
			path: "/usr/lib/x.so.1.2",
			isRegular: true,
			state: stateOf(join(base, "usr/lib/x.so.1.2")),
		});
		assert.equal(found && root.openPathOf(found), join(base, "usr/lib/x.so.1.2"));
	}
	for (const name of ["outside.so", "loop.so", "missing.so", "x.so.1/below"]) {
		assert.equal(root.find(`/lib/${name}`), undefined, name);
	}
	assert.equal(root.find("/lib/root")?.path, "/");
	assert.equal(root.find("/lib")?.isRegular, false);
});

test("looks at so many names and no more", (context) => {
	const base = makeRoot(context, { "lib/a": "", "lib/b": "" });
	const root = new ProcessRoot(base, 3);
	assert.ok(root.find("/lib/a"));
	assert.ok(root.find("/lib/a"));
	assert.equal(root.find("/lib/b"), undefined);
});

test("the states of folders change when a name in them does, and when one that was missing is made", (context) => {
	const base = makeRoot(context, { "usr/lib/a": "", lib: "->usr/lib" });
	const root = new ProcessRoot(base, 1000);
	for (const path of ["/lib/a", "/lib/b", "/opt/lib/a"]) root.find(path);
	const states = root.statesOfFolders();
	assert.deepEqual([...states.keys()], ["/usr/lib", "/opt/lib"]);
	const changed = () => [...states].filter(([path, state]) => stateOf(base + path) !== state).map(([path]) => path);
	assert.deepEqual(changed(), []);
	untilFileClockTicks(base);
	writeFileSync(join(base, "usr/lib/b"), "");
	assert.deepEqual(changed(), ["/usr/lib"]);
	mkdirSync(join(base, "opt/lib"), { recursive: true });
	assert.deepEqual(changed(), ["/usr/lib", "/opt/lib"]);
});
