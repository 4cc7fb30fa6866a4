/** httpeek as its users run it, and a small server to be watched. */
import { rmdirSync } from "node:fs";
import type { TestContext } from "node:test";
import { makeLiveCgroup, processesIn } from "./live-cgroup.js";
import { makeCgroupBelow, type Program, run, type StartOptions, start } from "./programs.js";
import { until } from "./until.js";

/** The program of the checkout: test/support is three folders below it once compiled. */
export const HTTPEEK = new URL("../../../bin/httpeek", import.meta.url).pathname;

/** Answers 404 under /missing, 500 under /broken, after 300 ms under /slow, never under /never; says its port. */
const SERVER = `
require("node:http").createServer((request, response) => {
	const { url } = request;
	if (url.startsWith("/never")) return;
	response.statusCode = url.startsWith("/missing") ? 404 : url.startsWith("/broken") ? 500 : 200;
	setTimeout(() => response.end("hello"), url.startsWith("/slow") ? 300 : 0);
}).listen(0, "127.0.0.1", function () { console.log(this.address().port); });
`;

/** A cgroup with a server that is watched, and one beside it in which httpeek itself runs. */
export class Stage {
	/** What is watched. */
	readonly watched: string;
	/** What httpeek is in: those that it makes for itself are below this one. */
	readonly own: string;
	port = 0;

	private constructor(context: TestContext) {
		const parent = makeLiveCgroup(context);
		this.watched = makeCgroupBelow(parent, "watched");
		this.own = makeCgroupBelow(parent, "own");
	}

	static async set(context: TestContext): Promise<Stage> {
		const stage = new Stage(context);
		const server = start(stage.watched, process.execPath, ["-e", SERVER]);
		stage.port = Number((await server.wrote(/^\d+$/m))[0]);
		return stage;
	}

	url(path: string): string {
		return `http://127.0.0.1:${this.port}${path}`;
	}

	/** Asks for paths, one after another. */
	async ask(...paths: readonly string[]): Promise<void> {
		const words = paths.flatMap((path) => ["-o", "/dev/null", this.url(path)]);
		await run(this.watched, "curl", ["-s", "--globoff", "--path-as-is", ...words]);
	}

	/** Starts httpeek with these words. */
	httpeek(words: readonly string[], options: StartOptions = {}): Program {
		return start(this.own, process.execPath, [HTTPEEK, ...words], options);
	}

	/** Starts httpeek on the watched cgroup and waits until it counts. */
	async watching(command: string, ...words: readonly string[]): Promise<Program> {
		const program = this.httpeek([command, "--cgroup", this.watched, ...words]);
		await program.wrote(/^httpeek: counting .*\n/m, "stderr");
		return program;
	}

	/** `stat` over what is asked for meanwhile, ended by Ctrl-C. */
	async statOf(paths: readonly string[], ...words: readonly string[]): Promise<Program> {
		const program = await this.watching("stat", ...words);
		await this.ask(...paths);
		return this.interrupted(program);
	}

	/** Kills what is watched and removes its cgroup. */
	async removeWatched(): Promise<void> {
		for (const pid of processesIn(this.watched)) process.kill(pid, "SIGKILL");
		await until(() => {
			try {
				rmdirSync(this.watched);
				return true;
			} catch {
				return false; // what was killed is dying still
			}
		}, "the watched cgroup is removed");
	}

	/** Sends a Ctrl-C to httpeek and waits for its end. */
	async interrupted(program: Program): Promise<Program> {
		program.child.kill("SIGINT");
		await program.ended;
		return program;
	}
}

/** The lines that a program has written, without the last line's end. */
export function linesOf(text: string): string[] {
	return text.split("\n").filter(Boolean);
}
