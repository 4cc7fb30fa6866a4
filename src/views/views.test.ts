/** What rows of the views are made of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { quantile } from "../model/histogram.js";
import { History, type Moment } from "../model/history.js";
import { endpointKey } from "../model/rows.js";
import { makeExchange, makeRow, makeSnapshot } from "../model/testing.js";
import { groupConnections } from "./connections.js";
import { detailLines } from "./detail.js";
import { countIn, errorsIn, groupMeasures, type Measures } from "./measures.js";
import { momentOf, PLAIN, shopAfter, shopMoment } from "./testing.js";
import type { ViewId } from "./view.js";
import { viewOf } from "./view-list.js";

function measuresBy(moment: Moment, route: string): Measures {
	const [found] = groupMeasures(
		moment,
		(row) => (row.route === route && row.role === "server" ? route : undefined),
		(_key, _row, measures) => measures,
	);
	assert.ok(found);
	return found;
}

/** Rows of a view as saved: values by column. */
function valuesOf(view: ViewId, moment: Moment): Record<string, number | string | undefined>[] {
	const { columns, rows } = viewOf(view);
	return rows(moment).map((row) => Object.fromEntries(columns.map(({ id, value }) => [id, value(row)])));
}

test("counts are since the start, rates and shares of the last seconds", () => {
	const measures = measuresBy(shopMoment(), "/orders/:id");
	assert.equal(measures.count, 364);
	assert.deepEqual(measures.classes, { "1xx": 0, "2xx": 350, "3xx": 0, "4xx": 0, "5xx": 14, none: 0 });
	assert.equal(measures.rate, 5.2);
	assert.ok(Math.abs((measures.errorShare ?? 0) - 2 / 52) < 1e-9);
	assert.equal(measures.isRecent, true);
	const [key] = measures.endpointKeys;
	const last = shopMoment().minute.at(-1);
	assert.ok(key !== undefined && last !== undefined);
	assert.deepEqual([countIn(last, [key]), errorsIn(last, [key])], [6, 1]);
});

test("what rests has no rate, and its share and percentiles are since the start", () => {
	const resting = (seconds: number) =>
		makeSnapshot([makeRow({ count: 8 }), makeRow({ status: 500, count: 2 })], { durationSeconds: seconds });
	const measures = measuresBy(momentOf([1, 5, 20, 40].map(resting)), "/");
	assert.deepEqual([measures.rate, measures.errorShare, measures.isRecent], [0, 0.2, false]);
	assert.notEqual(quantile(measures.latency, 0.5), undefined);
});

test("after a reset rows stay, and count from 0", () => {
	const history = new History();
	history.push(shopAfter(20));
	history.reset();
	const moment = history.moment();
	assert.ok(moment);
	assert.ok(valuesOf("endpoints", moment).length > 0);
	assert.ok(valuesOf("endpoints", moment).every(({ count }) => count === 0));
	assert.ok(valuesOf("connections", moment).every(({ established }) => established === 0));
	assert.ok(
		valuesOf("connections", moment).some(({ open }) => open === 1),
		"what is open stays open",
	);
	history.push(shopAfter(21));
	const later = history.moment();
	assert.ok(later);
	assert.equal(valuesOf("endpoints", later).find(({ endpoint }) => endpoint === "/reports")?.count, 1);
});

test("services and peers put together what belongs together", () => {
	const moment = shopMoment();
	const services = valuesOf("services", moment);
	assert.deepEqual(services.map(({ service, role, endpoints }) => [service, role, endpoints]).sort(), [
		["curl", "client", 3],
		["shop", "server", 3],
	]);
	const peers = valuesOf("peers", moment);
	assert.deepEqual(peers.map(({ peer, failed }) => [peer, failed]).sort(), [
		["10.0.0.9:80", 3],
		["127.0.0.1:8080", 0],
		["clients of :8080", 0],
	]);
	const peer = peers.find((row) => row.peer === "127.0.0.1:8080");
	assert.deepEqual([peer?.rate, Math.round(Number(peer?.connect) * 1e6)], [21, 200]);
});

test("an endpoint's page has its own samples, newest first, and says nothing where there are none", () => {
	const [slow, failed, other] = [
		makeExchange({ route: "/reports", path: "/reports?\u001b[2J", latencySeconds: 0.7 }),
		makeExchange({ route: "/reports", path: "/reports", status: 503 }),
		makeExchange({ route: "/" }),
	];
	const moment = shopMoment({ samples: [failed, slow, other] });
	const reports = moment.now.endpoints.find(({ route }) => route === "/reports");
	assert.ok(reports);
	const linesOf = (of: Moment) => detailLines(endpointKey(reports), of, 80, PLAIN.look);
	const lines = linesOf(moment);
	const from = lines.findIndex((line) => line.startsWith("failed or slow lately"));
	assert.match(lines[from + 1] ?? "", /^\d\d:\d\d:05\.678 {2}503 +1\.00 ms {2}\/reports$/);
	assert.match(lines[from + 2] ?? "", /^\d\d:\d\d:05\.678 {2}200 +700 ms {2}\/reports\?\\x1b\[2J$/);
	assert.equal(lines.length, from + 3);
	assert.ok(!linesOf(shopMoment()).some((line) => line.startsWith("failed or slow")));
});

test("errors are what has a status from 400 on, and what got no answer", () => {
	const rows = valuesOf("errors", shopMoment());
	assert.deepEqual(rows.map(({ status, endpoint, count }) => [status, endpoint, count]).sort(), [
		[0, "/hung", 2],
		[404, "/gone", 70],
		[500, "/orders/:id", 14],
	]);
	assert.ok(Math.abs(Number(rows.find(({ status }) => status === 500)?.share) - 14 / 364) < 1e-9);
});

test("connections: means of the last seconds, failures by how", () => {
	const facts = groupConnections(shopMoment(), ({ service, place }) => `${service} ${place}`);
	const failed = facts.find(({ place }) => place === "10.0.0.9:80");
	assert.deepEqual([failed?.failed.timeout, failed?.established, failed?.connectSeconds], [3, 0, undefined]);
	const server = facts.find(({ role }) => role === "server");
	assert.deepEqual(
		[server?.place, server?.connectSeconds, server?.rate, server?.open],
		["clients of :8080", undefined, 3, 1],
	);
});
