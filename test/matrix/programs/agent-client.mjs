/** http.get() and https.get() with an agent that keeps connections, one request after another: node agent-client.mjs URL... */
import { once } from "node:events";
import http from "node:http";
import https from "node:https";

const urls = process.argv.slice(2);
const { get, Agent } = urls[0]?.startsWith("https:") ? https : http;
const agent = new Agent({ keepAlive: true });
for (const url of urls) {
	const [response] = await once(get(url, { agent }), "response");
	await once(response.resume(), "end");
}
agent.destroy();
