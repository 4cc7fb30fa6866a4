/** A terminal for a scene: a shell in tmux, in a cgroup of its own, with nothing of the user's configuration. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findCgroupRoot } from "../../dist/src/identity/cgroup-tree.js";
import { ToolFailure } from "../lib/failure.mjs";
import { inRoot } from "../lib/files.mjs";

const LONGEST_WAIT_MS = 60_000;
const POLL_MS = 100;
/** Where the scenes are played: a small project with tests that serve and call. */
const STAGE = inRoot("tools/pictures/shop");

/**
 * Plays a scene and returns the screen, with its colours.
 * @param {import("./scenes.mjs").Scene} scene @returns {Promise<string>}
 */
export async function play(scene) {
	const cgroup = join(findCgroupRoot(), `httpeek-pictures-${process.pid}`);
	const unit = join(cgroup, "shop.service");
	mkdirSync(unit, { recursive: true });
	const traffic = scene.traffic ? startIn(unit, [process.execPath, inRoot("dist/src/cli/demo-traffic.js")]) : undefined;
	const home = mkdtempSync(join(tmpdir(), "httpeek-pictures-"));
	/** @param {string[]} words */
	const tmux = (...words) =>
		execFileSync("tmux", ["-u", "-f", "/dev/null", "-S", join(home, "tmux"), ...words], { encoding: "utf8" });
	try {
		const size = ["-x", String(scene.columns), "-y", String(scene.rows)];
		const httpeek = `httpeek() { ${process.execPath} ${inRoot("bin/httpeek")} "$@"; }`;
		const shell = `echo $$ > ${cgroup}/cgroup.procs; ${httpeek}; export -f httpeek; cd ${STAGE}; PS1='$ ' exec bash --norc --noprofile -i`;
		const environment = [
			"env",
			"-i",
			`PATH=${process.env.PATH}`,
			`HOME=${home}`,
			"TERM=screen-256color",
			"LANG=C.UTF-8",
			"NPM_CONFIG_UPDATE_NOTIFIER=false",
		];
		tmux("new-session", "-d", ...size, ...environment, "COLORTERM=truecolor", "bash", "-c", shell);
		const screen = (/** @type {string[]} */ ...flags) => tmux("capture-pane", "-p", ...flags);
		await appears(screen, /^\$/m, scene);
		tmux("send-keys", "-l", scene.command);
		tmux("send-keys", "Enter");
		for (const step of scene.steps) {
			if (step instanceof RegExp) await appears(screen, step, scene);
			else tmux("send-keys", ...step);
		}
		return screen("-e", "-N");
	} finally {
		tmux("kill-server");
		traffic?.kill("SIGTERM");
		await remove(cgroup);
		rmSync(home, { recursive: true, force: true });
	}
}

/** @param {(...flags: string[]) => string} screen @param {RegExp} pattern @param {import("./scenes.mjs").Scene} scene */
async function appears(screen, pattern, scene) {
	const deadline = performance.now() + LONGEST_WAIT_MS;
	while (!pattern.test(screen())) {
		if (performance.now() > deadline) {
			throw new ToolFailure(`cannot take the picture ${scene.name}: ${pattern} did not appear in\n${screen()}`);
		}
		await sleep(POLL_MS);
	}
}

/** @param {string} cgroup @param {string[]} words */
function startIn(cgroup, words) {
	const enter = `echo $$ > ${cgroup}/cgroup.procs && exec "$@"`;
	return spawn("sh", ["-c", enter, "sh", ...words], { stdio: "ignore", detached: true });
}

/** Ends what runs in a cgroup and removes it. @param {string} cgroup */
async function remove(cgroup) {
	const deadline = performance.now() + LONGEST_WAIT_MS;
	while (existsSync(cgroup)) {
		if (performance.now() > deadline) throw new ToolFailure(`cannot remove ${cgroup}: processes in it do not end`);
		for (const directory of below(cgroup)) {
			try {
				const pids = readFileSync(join(directory, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
				for (const pid of pids) process.kill(pid, "SIGKILL");
				rmdirSync(directory);
			} catch {
				// what was killed is dying still
			}
		}
		await sleep(POLL_MS);
	}
}

/** The cgroup and those in it, deepest first. @param {string} cgroup @returns {string[]} */
function below(cgroup) {
	const inside = readdirSync(cgroup).map((name) => join(cgroup, name));
	return [...inside.filter((path) => statSync(path).isDirectory()).flatMap(below), cgroup];
}
