/** A server as Node brings it: node server.mjs PORT [CERTIFICATE KEY] */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

const [port, certificate, key] = process.argv.slice(2);
const server =
	certificate === undefined || key === undefined
		? createServer()
		: createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) });
server.on("request", ({ url }, response) => {
	response.statusCode = url === "/missing" ? 404 : url === "/broken" ? 500 : 200;
	response.end("hello");
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), "127.0.0.1");
