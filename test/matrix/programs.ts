/** What servers and clients of the matrix have in common: what is asked for, and the programs that are written here. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Certificate } from "../support/certificate.js";

/** What is asked for, in turn, with the route and the status of what every server answers. */
export const TARGETS = [
	{ path: "/ok", counted: "GET /ok 200" },
	{ path: "/users/4711", counted: "GET /users/:id 200" },
	{ path: "/missing", counted: "GET /missing 404" },
	{ path: "/broken", counted: "GET /broken 500" },
] as const;

/** Requests by what they are counted as: `GET /missing 404`. */
export type Counts = Readonly<Record<string, number>>;

/** What is to be counted when each target is asked for so many times. */
export function countsOf(requestsEach: number): Counts {
	return Object.fromEntries(TARGETS.map(({ counted }) => [counted, requestsEach]));
}

/** A line of the table, but for what is counted. */
export interface Description {
	readonly name: string;
	readonly language: string;
	/** The Debian package that has its version, or the version itself. */
	readonly version: { readonly debianPackage: string } | string;
	/** What it speaks TLS with, or why there is no row with TLS for it. */
	readonly tls: { readonly library: string } | { readonly none: string };
}

/** Where a program runs. */
export interface Place {
	readonly port: number;
	/** Only for it. */
	readonly folder: string;
	/** It speaks TLS with it, or plain HTTP without. */
	readonly certificate: Certificate | undefined;
	readonly programs: OwnPrograms;
}

export type Command = readonly [command: string, ...words: string[]];

/** Programs of the matrix that are written here: those in Go compiled, the others as they are. */
export class OwnPrograms {
	readonly goServer: string;
	readonly goClient: string;

	private constructor(goServer: string, goClient: string) {
		this.goServer = goServer;
		this.goClient = goClient;
	}

	/** Compiles what has to be compiled; gone when the test ends. */
	static make(context: TestContext): OwnPrograms {
		const [server = "", client = ""] = compileGo(context, ["server", "client"]);
		return new OwnPrograms(server, client);
	}
}

/** Compiles programs of test/matrix/programs/, named without `.go`; gone when the test ends. */
export function compileGo(context: TestContext, names: readonly string[]): string[] {
	const folder = mkdtempSync(join(tmpdir(), "httpeek-go-"));
	context.after(() => rmSync(folder, { recursive: true, force: true }));
	const env = { ...process.env, GOCACHE: join(folder, "cache"), GOPROXY: "off", GOFLAGS: "" };
	return names.map((name) => {
		const program = join(folder, name);
		execFileSync("go", ["build", "-o", program, source(`${name}.go`)], { stdio: "pipe", env });
		return program;
	});
}

/** A file of test/matrix/programs/. */
export function source(name: string): string {
	return new URL(`../../../test/matrix/programs/${name}`, import.meta.url).pathname;
}

/** The versions of all Debian packages that are installed, without what Debian adds to them; none on other systems. */
export function installedVersions(): ReadonlyMap<string, string> {
	try {
		const shown = execFileSync("dpkg-query", ["--show"], { encoding: "utf8", stdio: "pipe" });
		const found = shown.matchAll(/^([^:\t]+)\S*\t(?:\d+:)?([^-+~\s]+)/gm);
		return new Map([...found].map(([, name = "", version = ""]) => [name, version]));
	} catch {
		return new Map();
	}
}

/** The Python that Debian's packages of modules are for: another one may come first on PATH. */
export const PYTHON = "/usr/bin/python3";
