/** `top` through every key and view, at three sizes, with live traffic. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { skipReason } from "../support/capture.js";
import { HTTPEEK, Stage } from "../support/httpeek.js";
import { noTerminal, TestTerminal } from "../support/terminal.js";
import { until } from "../support/until.js";

const skip = skipReason || noTerminal;
const SIZES = [
	{ columns: 60, rows: 15 },
	{ columns: 100, rows: 30 },
	{ columns: 200, rows: 60 },
] as const;

interface Session {
	readonly stage: Stage;
	readonly terminal: TestTerminal;
	/** Where it saves files. */
	readonly folder: string;
}

async function open(context: TestContext, size: (typeof SIZES)[number]): Promise<Session> {
	const stage = await Stage.set(context);
	const folder = mkdtempSync(join(tmpdir(), "httpeek-test-"));
	context.after(() => rmSync(folder, { recursive: true }));
	const terminal = new TestTerminal(context, { ...size, folder });
	terminal.run(`echo $$ > ${stage.own}/cgroup.procs`);
	terminal.run(`${process.execPath} ${HTTPEEK} top -i 200ms --role server --cgroup ${stage.watched}; echo "code $?"`);
	await terminal.isTakenOver();
	await stage.ask("/users/1", "/users/2", "/users/3", "/missing", "/broken", "/slow");
	await terminal.shows(/\/slow/);
	return { stage, terminal, folder };
}

/** Text of the row that the cursor is on. */
function selected({ terminal }: Session): string {
	return terminal.lines.find((line) => /^[▶>] /.test(line)) ?? "";
}

async function selects(session: Session, pattern: RegExp): Promise<void> {
	await until(() => pattern.test(selected(session)), `${pattern} is selected`).catch((error: Error) => {
		throw new Error(`${error.message}:\n${session.terminal.screen}`);
	});
}

for (const size of SIZES) {
	test(`every key at ${size.columns}x${size.rows}`, { skip }, async (context) => {
		const session = await open(context, size);
		const { terminal } = session;
		await throughViews(session);
		await throughRows(session);
		await throughSorting(session);
		await throughFilters(session);
		await throughEndpoint(session);
		await throughPauseAndReset(session);
		await throughSaving(session);
		terminal.press("?");
		await terminal.shows(/^Keys$/m);
		terminal.press("NPage");
		await terminal.until((screen) => !/^Keys$/m.test(screen), "help is scrolled");
		terminal.press("q");
		await terminal.shows(/^q quit/m);
		terminal.press("q");
		await terminal.shows(/^code 0$/m);
		assert.ok(terminal.isGivenBack);
	});
}

async function throughViews({ terminal }: Session): Promise<void> {
	for (const [key, view, shows] of [
		["2", "services", /^▶ node +(server)? +/m],
		["3", "errors", /^▶ (404|500) /m],
		["4", "connections", /clients of :\d+|clients of …/],
		["5", "peers", /clients of :\d+/],
		["1", "endpoints", /\/users\/:id/],
		["[", "peers", /clients of :\d+/],
		["]", "endpoints", /\/users\/:id/],
		["Tab", "services", /^▶ node/m],
		["1", "endpoints", /\/users\/:id/],
	] as const) {
		terminal.press(key);
		await terminal.shows(new RegExp(`\\[\\d ${view}\\]`));
		await terminal.shows(shows);
	}
}

async function throughRows(session: Session): Promise<void> {
	const { terminal } = session;
	terminal.press("s", "Home", "Down", "Down", "Down", "Down", "Enter");
	// sorted by endpoint: /broken, /missing, /slow, /users/:id
	await selects(session, /\/broken/);
	for (const [keys, row] of [
		[["j"], /\/missing/],
		[["Down"], /\/slow/],
		[["k"], /\/missing/],
		[["Up"], /\/broken/],
		[["G"], /\/users/],
		[["g"], /\/broken/],
		[["End"], /\/users/],
		[["Home"], /\/broken/],
		[["NPage"], /\/users/],
		[["PPage"], /\/broken/],
	] as const) {
		terminal.press(...keys);
		await selects(session, row);
	}
	// a turn of the mouse wheel, as terminals report it
	terminal.type("\u001b[<65;10;8M");
	await selects(session, /\/users/);
	terminal.type("\u001b[<64;10;8M");
	await selects(session, /\/broken/);
}

async function throughSorting(session: Session): Promise<void> {
	const { terminal } = session;
	await terminal.shows(/ENDPOINT▲/);
	terminal.press("I");
	await terminal.shows(/ENDPOINT▼/);
	await selects(session, /\/users/);
	terminal.press(">");
	await terminal.shows(/REQ\/S▼/);
	terminal.press("Left");
	await terminal.shows(/ENDPOINT▲/);
	terminal.press("s");
	await terminal.shows(/^sort by$/m);
	terminal.press("Escape");
	await terminal.shows(/ENDPOINT▲/);
}

async function throughFilters({ terminal, stage }: Session): Promise<void> {
	terminal.type("/status:5");
	await terminal.shows(/^\/status:5_/m);
	await terminal.shows(/\/missing/);
	terminal.type("xx");
	await terminal.until((screen) => /\/broken/.test(screen) && !/\/missing/.test(screen), "only failures are left");
	terminal.press("Enter");
	await terminal.shows(/^filter: status:5xx/m);
	await stage.ask("/broken", "/missing");
	assert.doesNotMatch(terminal.screen, /\/missing/);
	terminal.press("/", "C-u");
	terminal.type("users");
	await terminal.until((screen) => /\/users\/:id/.test(screen) && !/\/broken/.test(screen), "a word filters");
	terminal.press("Escape");
	await terminal.shows(/\/broken/);
	terminal.press("Escape");
	await terminal.until((screen) => !/^filter:/m.test(screen) && /\/users\/:id/.test(screen), "the filter is gone");
}

async function throughEndpoint({ terminal }: Session): Promise<void> {
	terminal.press("G", "Enter");
	await terminal.shows(/^GET \/users\/:id$/m);
	await terminal.shows(/^200 +3 +100/m);
	await terminal.shows(/^Esc back/m);
	terminal.press("G");
	await terminal.shows(/last minute/);
	terminal.press("Escape");
	await terminal.shows(/^q quit/m);
	terminal.press("2");
	await terminal.shows(/\[2 services\]/);
	terminal.press("Enter");
	await terminal.shows(/^filter: service:node role:server/m);
	terminal.press("Escape");
	await terminal.shows(/\[2 services\]/);
	terminal.press("1");
	await terminal.shows(/\[1 endpoints\]/);
}

async function throughPauseAndReset({ terminal, stage }: Session): Promise<void> {
	terminal.press("Space");
	await terminal.shows(/PAUSED/);
	await stage.ask("/while-paused");
	terminal.press("Down");
	assert.doesNotMatch(terminal.screen, /while-paused/);
	terminal.press("Space");
	await terminal.shows(/while-paused/);
	terminal.press("r");
	await terminal.shows(/^counting from here on$/m);
	terminal.press("G", "Enter");
	await terminal.shows(/no exchange has ended yet/);
	terminal.press("Escape");
	await terminal.shows(/^q quit/m);
}

async function throughSaving({ terminal, folder }: Session): Promise<void> {
	for (const [key, ending] of [
		["c", "csv"],
		["c", "csv"],
		["j", "json"],
	] as const) {
		const before = readdirSync(folder).length;
		terminal.press("e");
		await terminal.shows(/^save what is shown/m);
		terminal.press(key);
		await terminal.shows(new RegExp(`^saved to httpeek-endpoints-[\\d-]+\\.${ending}$`, "m"));
		assert.equal(readdirSync(folder).length, before + 1, "never over another file");
	}
	const files = readdirSync(folder).sort();
	assert.ok(files.every((name) => (statSync(join(folder, name)).mode & 0o777) === 0o600));
	const [csv, json] = [files.find((name) => name.endsWith(".csv")), files.find((name) => name.endsWith(".json"))];
	assert.match(
		readFileSync(join(folder, csv ?? ""), "utf8"),
		/^service,role,port,method,endpoint,[\s\S]*\n.*\/users\/:id/,
	);
	assert.equal(JSON.parse(readFileSync(join(folder, json ?? ""), "utf8")).schema, "httpeek/1");
}
