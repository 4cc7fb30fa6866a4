/**
 * Whatever they are written in: each server is asked by a load generator, each client asks nginx, over plain HTTP and over
 * TLS. What is counted at both ends is what was sent, by route and status, and docs/matrix.md says so:
 * `UPDATE_GOLDEN=1 npm test -- matrix` writes its table.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect } from "node:tls";
import type { CaptureSession } from "../../src/capture/session.js";
import { difference } from "../../src/model/difference.js";
import type { Role, Snapshot } from "../../src/model/snapshot.js";
import { lossesOf, rowsOf, settled, skipReason, watch } from "../support/capture.js";
import { type Certificate, makeCertificate, trusting } from "../support/certificate.js";
import { makeLiveCgroup, processesIn } from "../support/live-cgroup.js";
import { listens, startNginx } from "../support/nginx.js";
import { freePort, makeCgroupBelow, type Program, start } from "../support/programs.js";
import { until } from "../support/until.js";
import { CLIENTS, type Client } from "./clients.js";
import { classesOf, H2LOAD, type LoadGenerator, SENT, sumsOf } from "./load.js";
import { type Cell, type Row, replaceTable, withoutVersions } from "./page.js";
import { type Command, type Counts, type Description, OwnPrograms, type Place } from "./programs.js";
import { HAPROXY, haproxyCommand, NGINX, SERVERS, type Server } from "./servers.js";

const FAILED = "failed";
const PAGE = new URL("../../../docs/matrix.md", import.meta.url);
const ROLES: readonly Role[] = ["client", "server"];

/** What a row's test needs. */
interface Stage {
	/** Two cgroups only for this row; what runs in them ends with the row. */
	readonly servers: string;
	readonly clients: string;
	readonly folder: string;
	readonly session: CaptureSession;
	/** For servers: they speak TLS with it, or plain HTTP without. */
	readonly certificate: Certificate | undefined;
	/** For clients, whether or not the server speaks TLS. */
	readonly trusted: Certificate;
	readonly programs: OwnPrograms;
}

/** Makes a row's client send what it sends, and checks what was counted. */
type Play = (stage: Stage, context: TestContext) => Promise<Cell>;

test("the matrix", { skip: skipReason }, async (context) => {
	const parent = makeLiveCgroup(context);
	const trusted = makeCertificate(context);
	const programs = OwnPrograms.make(context);
	const session = await watch(context, { cgroups: [parent] }, { isTlsRead: true });
	const rows: Row[] = [];

	const playWith = async (name: string, certificate: Certificate | undefined, play: Play): Promise<Cell> => {
		let cell: Cell = FAILED;
		await context.test(`${name}, ${certificate === undefined ? "plain" : "TLS"}`, async (inner) => {
			const cgroup = makeLiveCgroup(inner, parent);
			const folder = mkdtempSync(join(tmpdir(), "httpeek-matrix-"));
			inner.after(() => rmSync(folder, { recursive: true, force: true }));
			const [servers, clients] = [makeCgroupBelow(cgroup, "servers"), makeCgroupBelow(cgroup, "clients")];
			cell = await play({ servers, clients, folder, session, certificate, trusted, programs }, inner);
		});
		return cell;
	};
	const addRows = async (roles: readonly Role[], program: Description, play: Play): Promise<void> => {
		const name = `${roles.join(" and ")} ${program.name}`;
		const plain = await playWith(name, undefined, play);
		const tls = "none" in program.tls ? program.tls.none : await playWith(name, trusted, play);
		rows.push(...roles.map((role) => ({ role, program, plain, tls })));
	};

	await addRows(["server"], NGINX, async (stage, inner) => {
		const { port } = await startNginx(inner, stage.servers, stage.certificate);
		return load(stage, [port]);
	});
	for (const server of SERVERS) await addRows(["server"], server, (stage) => loadServer(stage, server));
	await addRows(["server", "client"], HAPROXY, loadThroughHaproxy);
	for (const client of CLIENTS) await addRows(["client"], client, (stage, inner) => ask(stage, inner, client));

	await context.test("docs/matrix.md has these rows", () => {
		const page = readFileSync(PAGE, "utf8");
		const renewed = replaceTable(page, rows);
		if (process.env.UPDATE_GOLDEN === "1") writeFileSync(PAGE, renewed);
		else if (rows.some(({ plain, tls }) => plain === FAILED || tls === FAILED))
			assert.fail("not all rows have numbers");
		else assert.equal(withoutVersions(page), withoutVersions(renewed), "UPDATE_GOLDEN=1 npm test -- matrix renews it");
	});
});

async function loadServer(stage: Stage, server: Server): Promise<Cell> {
	const port = await startAt(stage, (place) => server.prepare(place));
	return load(stage, [port], server.askedWith);
}

/** Both ends of haproxy count, and both of its neighbours. */
async function loadThroughHaproxy(stage: Stage, context: TestContext): Promise<Cell> {
	const backend = await startNginx(context, stage.servers, stage.certificate);
	const port = await startAt(stage, (place) => haproxyCommand(place, backend.port));
	return load(stage, [port, backend.port]);
}

async function startAt(stage: Stage, prepare: (place: Place) => Command): Promise<number> {
	const port = await freePort();
	const [command, ...words] = prepare({ ...stage, port });
	await listens(port, start(stage.servers, command, words));
	return port;
}

/** Asks at the first of the ports; what is sent passes all of them. */
async function load(
	stage: Stage,
	ports: readonly [number, ...number[]],
	generator: LoadGenerator = H2LOAD,
): Promise<Cell> {
	const told: (readonly [string, number])[] = [];
	const counted = await during(stage.session, async () => {
		const base = baseOf(stage, ports[0]);
		for (const command of generator.commands(base)) {
			const { stdout } = await (await startClient(stage, base, command)).succeeded();
			told.push(...Object.entries(generator.told(stdout)));
		}
	});
	assert.deepEqual(sumsOf(told), classesOf(SENT), "what the load generator tells is what was to be sent");
	return checked(stage, counted, ports, SENT);
}

async function ask(stage: Stage, context: TestContext, client: Client): Promise<Cell> {
	const { servers, certificate, trusted, programs, session } = stage;
	const nginx = await startNginx(context, servers, certificate);
	const task = { base: baseOf(stage, nginx.port), certificate: trusted, programs };
	const goodCodes = [0, ...(client.goodCodes ?? [])];
	const counted = await during(session, async () => {
		for (const command of client.commands(task)) {
			const program = await startClient(stage, task.base, command);
			const { code } = await program.ended;
			assert.ok(code !== null && goodCodes.includes(code), `${command[0]} ended with ${code}: ${program.stderr}`);
		}
	});
	assert.deepEqual(fromLog(await nginx.stop()), client.sent, "what nginx has logged is what was to be sent");
	return checked(stage, counted, [nginx.port], client.sent);
}

/**
 * Starts a client. In a narrow scope httpeek has to find a process before it can read its TLS (src/capture/tls-reader.ts),
 * and what it has done before then is not counted. How long that takes, a few milliseconds or more on a busy machine, is not
 * what is tried here, so the servers stand still until the client has been found: it waits for their part of the handshake,
 * and has not sent a request.
 */
async function startClient(stage: Stage, base: string, [command, ...words]: Command): Promise<Program> {
	const { servers, clients, certificate, trusted } = stage;
	const options = { env: trusting(trusted) };
	if (certificate === undefined) return start(clients, command, words, options);
	// by now the server has the process that answers: some begin to listen before they start it
	const { hostname, port } = new URL(base);
	await handshake(hostname, Number(port), certificate);
	await until(() => areRead(stage, processesIn(servers)), "the servers' TLS is read");
	freeze(servers, true);
	try {
		const program = start(clients, command, words, options);
		await until(() => areRead(stage, [program.pid]) || !program.isRunning, `the TLS of ${command} is read`);
		return program;
	} finally {
		freeze(servers, false);
	}
}

/** A connection that ends after the handshake. */
async function handshake(host: string, port: number, { chain }: Certificate): Promise<void> {
	const socket = connect({ host, port, ca: readFileSync(chain) });
	await once(socket, "secureConnect");
	socket.destroy();
}

function areRead({ session }: Stage, pids: readonly number[]): boolean {
	const read = session.tlsReport()?.pids;
	return pids.every((pid) => read?.has(pid) === true);
}

function freeze(cgroup: string, isFrozen: boolean): void {
	writeFileSync(join(cgroup, "cgroup.freeze"), isFrozen ? "1" : "0");
}

function baseOf({ certificate }: Stage, port: number): string {
	return `${certificate === undefined ? "http" : "https"}://127.0.0.1:${port}`;
}

/** What is counted meanwhile. */
async function during(session: CaptureSession, action: () => Promise<void>): Promise<Snapshot> {
	const before = session.read();
	await action();
	return difference(before, await settled(session));
}

/**
 * Compares both ends of all ports with what was sent.
 * @returns the numbers of one end, which are those of all others
 */
function checked(
	{ certificate }: Stage,
	snapshot: Snapshot,
	ports: readonly [number, ...number[]],
	sent: Counts,
): Cell {
	const tls = certificate !== undefined;
	const losses = lossesOf(snapshot);
	for (const port of ports) {
		for (const role of ROLES) {
			const counted = { counts: countsAt(snapshot, port, role, tls), losses };
			assert.deepEqual(counted, { counts: sent, losses: {} }, `${role} at port ${port}, tls ${tls}`);
			assert.deepEqual(countsAt(snapshot, port, role, !tls), {}, `${role} at port ${port}, tls ${!tls}`);
		}
	}
	return { counted: sum(countsAt(snapshot, ports[0], "server", tls)), sent: sum(sent) };
}

function countsAt(snapshot: Snapshot, port: number, role: Role, tls: boolean): Counts {
	const rows = rowsOf(snapshot, { port, role, tls });
	return sumsOf(
		rows.map(({ method, route, status, outcome, count }) => {
			const key = `${method} ${route} ${status}`;
			return [outcome === "response" ? key : `${key} ${outcome}`, count];
		}),
	);
}

function sum(counts: Counts): number {
	return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** nginx's access log by route and status. */
function fromLog(lines: readonly string[]): Counts {
	return sumsOf(lines.map((line) => [line.replace("/users/4711", "/users/:id").replace(/\?\S+/, ""), 1]));
}
