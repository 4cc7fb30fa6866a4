/** A shop that asks a stock service: something to be tested, and to be watched while it is. */
import { createServer, request } from "node:http";

/** Starts a service on a free port. @param {import("node:http").RequestListener} listener @returns {Promise<import("node:http").Server>} */
export function listen(listener) {
	return new Promise((resolve) => {
		const server = createServer(listener).listen(0, "127.0.0.1", () => resolve(server));
	});
}

/** @param {number} port @param {string} method @param {string} path @returns {Promise<number>} the status */
export function ask(port, method, path) {
	return new Promise((resolve, reject) => {
		const outgoing = request({ host: "127.0.0.1", port, method, path }, (response) => {
			response.resume().on("end", () => resolve(response.statusCode ?? 0));
		});
		outgoing.on("error", reject).end();
	});
}

/** @param {number} stockPort @returns {import("node:http").RequestListener} */
export function shop(stockPort) {
	return async (incoming, response) => {
		const path = incoming.url ?? "/";
		const order = /^\/orders\/(\d+)$/.exec(path)?.[1];
		if (order !== undefined) response.statusCode = await ask(stockPort, "GET", `/stock/${order}`);
		else if (path === "/orders" && incoming.method === "POST") response.statusCode = 201;
		else if (path !== "/orders") response.statusCode = 404;
		response.end();
	};
}
