/**
 * The pictures of README.md and docs/, as data: what is typed into a terminal, what has to appear, and what is taken.
 * Everything runs; nothing is drawn by hand.
 */

/**
 * @typedef {object} Scene
 * @property {string} name docs/pictures/NAME.svg
 * @property {string} title for people who do not see it
 * @property {number} columns
 * @property {number} rows of the terminal; empty ones at the end are cut off
 * @property {string} command typed at a prompt. Only what watches its own processes, or the unit `shop`
 * @property {boolean} [traffic] the demo's traffic runs, as the systemd unit `shop`
 * @property {(RegExp | string[])[]} steps in turn: what has to be on the screen, or keys to press (as tmux names them)
 */

/** @type {Scene[]} */
export const SCENES = [
	{
		name: "demo",
		title: "httpeek demo: endpoints with their rates, counts, errors, latencies and status codes",
		columns: 110,
		rows: 24,
		command: "httpeek demo",
		steps: [/\b5[0-4]s\b/],
	},
	{
		name: "run",
		title: "httpeek run -- npm test: what the tests served and what they called",
		columns: 110,
		rows: 60,
		command: "httpeek run -- npm test --silent",
		steps: [/^httpeek: \d+ exchanges/m],
	},
	{
		name: "stat",
		title: "httpeek stat: one report of what failed in five seconds, and an exit code for scripts",
		columns: 110,
		rows: 40,
		command: "httpeek stat --unit shop -d 5s --role server --fail-if 'error_rate > 1%'; echo \"exit code $?\"",
		traffic: true,
		steps: [/^exit code \d+/m],
	},
	{
		name: "endpoint",
		title: "httpeek top, one endpoint opened: status codes, latency as bars, the last minute, failed and slow samples",
		columns: 110,
		rows: 40,
		command: "httpeek top --unit shop --role server --color always",
		traffic: true,
		steps: [/\b1\ds\b/, ["/"], ["-l", "orders"], ["Enter"], ["Enter"], /\b5[0-4]s\b/],
	},
	{
		name: "watch",
		title: "httpeek watch: a line for each exchange as it happens",
		columns: 110,
		rows: 30,
		command: "httpeek watch --unit shop --role server -n 24",
		traffic: true,
		steps: [/^httpeek: \d+ exchanges/m],
	},
];
