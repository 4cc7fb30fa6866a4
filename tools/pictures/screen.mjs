/** From a screen that was taken to a picture: without the empty lines and the prompt at its end. */
import { parseScreen } from "./sgr.mjs";
import { renderSvg } from "./svg.mjs";

/** @param {string} text @param {{ title: string, columns: number }} scene */
export function renderScreen(text, scene) {
	const lines = parseScreen(text);
	const isIdle = (/** @type {import("./sgr.mjs").Run[]} */ runs) =>
		/^(?:\$ )?\s*$/.test(runs.map(({ text }) => text).join(""));
	const end = lines.findLastIndex((runs) => !isIdle(runs));
	return renderSvg(lines.slice(0, end + 1), scene);
}
