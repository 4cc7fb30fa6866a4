import assert from "node:assert/strict";
import { mkdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { inRoot } from "./files.mjs";
import { ensure, isUpToDate } from "./stamp.mjs";

/** A step with one input and one output, in a folder of its own below build/. */
function makeStep(/** @type {import("node:test").TestContext} */ context, run = (/** @type {string} */ _output) => {}) {
	const name = `test-stamp-${process.pid}`;
	const folder = `build/${name}`;
	const input = `${folder}/input`;
	const output = `${folder}/output`;
	mkdirSync(inRoot(folder), { recursive: true });
	context.after(() => {
		rmSync(inRoot(folder), { recursive: true, force: true });
		rmSync(inRoot("build/.stamp", name), { force: true });
	});
	writeFileSync(inRoot(input), "1");
	const step = {
		name,
		inputs: () => [input],
		outputs: () => [output],
		run: () => {
			writeFileSync(inRoot(output), "made");
			run(inRoot(output));
		},
	};
	return { step, input: inRoot(input), output: inRoot(output) };
}

test("a step runs once, and again when an input has another content or an output is gone", (context) => {
	const { step, input, output } = makeStep(context);
	assert.equal(ensure(step), true);
	assert.equal(ensure(step), false);
	writeFileSync(input, "1");
	assert.equal(ensure(step), false, "the same content, written anew");
	writeFileSync(input, "2");
	assert.equal(ensure(step), true);
	unlinkSync(output);
	assert.equal(ensure(step), true);
	unlinkSync(input);
	assert.equal(ensure(step), true, "an input that is gone is a change");
});

test("a step that fails runs again", (context) => {
	const { step } = makeStep(context, () => {
		throw new Error("as in a type error");
	});
	assert.throws(() => ensure(step));
	assert.equal(isUpToDate(step), false);
});

test("a step whose input changes while it runs is out of date afterwards", (context) => {
	const { step, input } = makeStep(context, () => writeFileSync(input, "changed"));
	ensure(step);
	assert.equal(isUpToDate(step), false);
});
