import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { renderScreen } from "./screen.mjs";
import { renderSvg } from "./svg.mjs";

const options = { title: "a <picture> & more", columns: 20 };

/** @param {string} svg */
const wordsOf = (svg) =>
	[...svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)].map(([, attributes, word]) => ({ attributes, word }));

test("words stand at their columns, in their colours", () => {
	const svg = renderSvg(
		[
			[
				{ text: "ab  ", style: {} },
				{ text: "漢c d  e", style: { fg: "1", bold: true } },
			],
			[{ text: "x", style: { inverse: true, dim: true } }],
		],
		options,
	);
	assert.match(svg, /^<svg [^>]*viewBox="0 0 196 64" /);
	assert.ok(svg.includes("<title>a &lt;picture&gt; &amp; more</title>"));
	assert.deepEqual(
		wordsOf(svg).map(({ word }) => word),
		["ab", "漢c d", "e", "x"],
	);
	const [ab, wide, e, x] = wordsOf(svg).map(({ attributes }) => attributes);
	assert.match(ab ?? "", /x="14" y="27.5" textLength="16.8"/);
	assert.match(wide ?? "", /x="47.6" .*textLength="42".* fill="#ff7b72" font-weight="bold"/);
	assert.match(e ?? "", /x="106.4"/);
	assert.match(x ?? "", /fill="#0d1117" opacity/);
	assert.match(svg, /<rect x="14" y="32" width="8.4" height="18" fill="#e6edf3"\/>/);
});

test("blocks of sparklines and bars are drawn, from the bottom and from the left", () => {
	const svg = renderSvg([[{ text: "▁█▌", style: { fg: "#123456" } }]], options);
	assert.deepEqual(
		[...svg.matchAll(/<rect (x="[^0][^>]*fill="#123456")/g)].map(([, attributes]) => attributes),
		[
			'x="14" y="29.75" width="8.4" height="2.25" fill="#123456"',
			'x="22.4" y="14" width="8.4" height="18" fill="#123456"',
			'x="30.8" y="14" width="4.2" height="18" fill="#123456"',
		],
	);
});

test("colours of the cube and the greys", () => {
	const colors = ["16", "21", "208", "232", "255"].map((fg) => ({ text: "a", style: { fg } }));
	const fills = wordsOf(renderSvg([colors], options)).map(
		({ attributes }) => /fill="([^"]+)"/.exec(attributes ?? "")?.[1],
	);
	assert.deepEqual(fills, ["#000000", "#0000ff", "#ff8700", "#080808", "#eeeeee"]);
});

test("empty lines and the prompt at the end are cut off", () => {
	const svg = renderScreen("$ httpeek\n\nrow\n$ \n\n\n", options);
	assert.match(svg, /viewBox="0 0 \d+ 82"/);
	assert.equal(wordsOf(svg).length, 2);
});

test("property: whatever is on a screen, the picture is XML that shows it and nothing else", () => {
	const text = fc.string({ unit: "binary", maxLength: 30 });
	fc.assert(
		fc.property(text, text, (shown, title) => {
			const svg = renderScreen(shown, { title, columns: 20 });
			// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML may not hold
			assert.doesNotMatch(svg, /[\x00-\x09\x0b-\x1f\ufffe\uffff]|\p{Cs}/u);
			assert.deepEqual(
				[...new Set(svg.match(/<\/?[^\s>/]+/g))].filter((tag) => !TAGS.has(tag)),
				[],
			);
			assert.doesNotMatch(svg.replace(/&(?:amp|lt|gt|quot);/g, ""), /&/);
		}),
	);
});

const TAGS = new Set(["<svg", "</svg", "<g", "</g", "<title", "</title", "<text", "</text", "<rect"]);
