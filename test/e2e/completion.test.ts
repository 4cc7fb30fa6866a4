/** Completion as the shells themselves do it. That they are there is seen to by `npm test`. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { skipReason } from "../support/capture.js";
import { PATIENCE } from "../support/emulation.js";
import { HTTPEEK } from "../support/httpeek.js";
import { makeLiveCgroup } from "../support/live-cgroup.js";
import { terminalSession } from "../support/terminal-session.js";

const CONTAINER = "c0ffee".repeat(11).slice(0, 64);
const UNIT = "httpeek-test-completion.service";
const TAB = "\t";

interface Case {
	readonly typed: string;
	readonly completed: string;
}

const CASES: readonly Case[] = [
	{ typed: "sta", completed: "stat" },
	{ typed: "completion fi", completed: "completion fish" },
	{ typed: "help doc", completed: "help doctor" },
	{ typed: "--min", completed: "--min-latency" },
	{ typed: "stat --fail", completed: "stat --fail-if" },
	{ typed: "stat -o mark", completed: "stat -o markdown" },
	{ typed: "stat --output=js", completed: "stat --output=json" },
	{ typed: "top --role cl", completed: "top --role client" },
	{ typed: "--port 80 --role cl", completed: "--port 80 --role client" },
	{ typed: "stat --sort serv", completed: "stat --sort service" },
	{ typed: "demo --color nev", completed: "demo --color never" },
	{ typed: "doctor -o js", completed: "doctor -o json" },
	{ typed: "stat --unit httpeek-test-comp", completed: `stat --unit ${UNIT}` },
	{ typed: "stat --container c0ffeec", completed: `stat --container ${CONTAINER.slice(0, 12)}` },
	{ typed: `stat -p ${process.pid}`, completed: `stat -p ${process.pid}` },
	{ typed: "run -q -- dirnam", completed: "run -q -- dirname" },
];

/** The script in a file, and a unit and a container to be found. */
function setStage(context: TestContext, shell: string): { readonly cgroup: string; readonly script: string } {
	const cgroup = makeLiveCgroup(context);
	for (const name of [UNIT, `docker-${CONTAINER}.scope`]) {
		mkdirSync(join(cgroup, name));
	}
	const folder = mkdtempSync(join(tmpdir(), "httpeek-completion-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const script = join(folder, "_httpeek");
	writeFileSync(script, execFileSync(process.execPath, [HTTPEEK, "completion", shell], { encoding: "utf8" }));
	return { cgroup, script };
}

const SHELLS = {
	bash: {
		words: ["bash", "--norc", "--noprofile", "-i"],
		prompt: ">$ ",
		setUp: (script: string) => `source ${script}`,
	},
	zsh: {
		words: ["zsh", "-f", "-i"],
		// bracketed paste, which it switches on when its line editor is ready
		prompt: "\u001b[?2004h",
		// keys as in Emacs: an EDITOR such as npm sets makes them those of vi
		setUp: (script: string) => `bindkey -e; PROMPT=; autoload -Uz compinit; compinit -u -D; source ${script}`,
	},
};

for (const [shell, { words, prompt, setUp }] of Object.entries(SHELLS)) {
	test(`${shell}: what Tab makes of what was typed`, { skip: skipReason }, async (context) => {
		const { cgroup, script } = setStage(context, shell);
		// the line that Tab has completed becomes the words of an echo: Ctrl-A goes to its begin, Ctrl-E to its end
		const steps = CASES.map(
			({ typed, completed }) =>
				[`httpeek ${typed}${TAB}\u0001echo G''OT \u0005 .\n`, `GOT httpeek ${completed} .`] as const,
		);
		const ready = [`${setUp(script)}; echo rea''dy\n`, "ready\r\n"] as const;
		// what is typed while a command still has the terminal is not a key of the line editor
		const paced = [ready, ...steps].flatMap((step) => [step, ["", prompt] as const]);
		await terminalSession(cgroup, paced, {
			...{ withHttpeek: false, patienceSeconds: 20 * PATIENCE, shell: words },
		});
	});
}

test("fish: what is offered", { skip: skipReason }, (context) => {
	const { script } = setStage(context, "fish");
	const offers = (line: string): string[] => {
		const program = `source ${script}; complete -C '${line}'`;
		const text = execFileSync("fish", ["--no-config", "-c", program], { encoding: "utf8" });
		return text.split("\n").map((offer) => offer.split("\t", 1)[0] ?? "");
	};
	for (const { typed, completed } of CASES) {
		const last = completed.split(" ").at(-1) ?? "";
		assert.ok(offers(`httpeek ${typed}`).includes(last), `${typed}: ${offers(`httpeek ${typed}`)}`);
	}
	assert.deepEqual(offers("httpeek stat --role "), ["client", "server", ""]);
	assert.deepEqual(offers("httpeek stat --interval "), [""], "what nobody can guess is not guessed");
	assert.ok(!offers("httpeek run -- --").includes("--sort"), "flags behind the dashes are the command's");
});
