/** `npm run pictures`: plays the scenes and writes docs/pictures/NAME.svg; `npm run pictures -- NAME…` only these. */
import { EXIT, runTool, say, ToolFailure } from "./lib/failure.mjs";
import { inRoot, writeWhole } from "./lib/files.mjs";
import { FOR_PICTURES } from "./lib/machine.mjs";
import { build, setUpMachine } from "./lib/setup.mjs";
import { SCENES } from "./pictures/scenes.mjs";

await runTool(async () => {
	const wanted = chosenScenes(process.argv.slice(2));
	if (process.getuid?.() !== 0) {
		throw new ToolFailure("cannot take pictures: httpeek needs root", { exitCode: EXIT.notAllowed });
	}
	await setUpMachine(FOR_PICTURES, "take pictures");
	build();
	// these use what was built
	const { play } = await import("./pictures/terminal.mjs");
	const { renderScreen } = await import("./pictures/screen.mjs");
	for (const scene of wanted) {
		say(`picture: ${scene.name}`);
		writeWhole(inRoot("docs/pictures", `${scene.name}.svg`), renderScreen(await play(scene), scene));
	}
});

/** @param {string[]} names */
function chosenScenes(names) {
	const known = SCENES.map(({ name }) => name);
	const unknown = names.filter((name) => !known.includes(name));
	if (unknown.length > 0) {
		throw new ToolFailure(`there is no picture ${unknown.join(", ")}`, {
			hint: `pictures are ${known.join(", ")}`,
			exitCode: EXIT.usage,
		});
	}
	return names.length === 0 ? SCENES : SCENES.filter(({ name }) => names.includes(name));
}
