import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, listen, shop } from "./shop.mjs";

const servers = [];
let port = 0;

before(async () => {
	const stock = await listen((incoming, response) => {
		response.statusCode = incoming.url === "/stock/13" ? 503 : 200;
		response.end();
	});
	const front = await listen(shop(stock.address().port));
	servers.push(stock, front);
	port = front.address().port;
});

after(() => {
	for (const server of servers) server.close();
});

test("orders are listed", async () => {
	for (let round = 0; round < 3; round++) assert.equal(await ask(port, "GET", "/orders"), 200);
});

test("an order is made", async () => assert.equal(await ask(port, "POST", "/orders"), 201));

test("an order is shown", async () => {
	for (const order of [1, 2, 3, 4]) assert.equal(await ask(port, "GET", `/orders/${order}`), 200);
});

test("an order without stock", async () => assert.equal(await ask(port, "GET", "/orders/13"), 503));

test("what is not there", async () => assert.equal(await ask(port, "GET", "/nothing"), 404));
