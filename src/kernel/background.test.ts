import assert from "node:assert/strict";
import { test } from "node:test";
import { Background } from "./background.js";

test("no more calls than there is room for run at once, each once and in order", () => {
	const background = new Background(3);
	const begun: number[] = [];
	const ends: (() => void)[] = [];
	for (let i = 0; i < 10; i++) {
		background.run((done) => {
			begun.push(i);
			ends.push(done);
		});
	}
	assert.deepEqual(begun, [0, 1, 2]);
	ends[1]?.();
	assert.deepEqual(begun, [0, 1, 2, 3]);
	for (let i = 0; i < ends.length; i++) if (i !== 1) ends[i]?.();
	assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("a call that ends at once makes room at once", () => {
	const background = new Background(1);
	let ended = 0;
	for (let i = 0; i < 1000; i++) {
		background.run((done) => {
			ended++;
			done();
		});
	}
	assert.equal(ended, 1000);
});
