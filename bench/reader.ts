/** A program that reads every snapshot, by the library: node reader.js CGROUP MAX_ENDPOINTS. Says when it counts, as httpeek does. */
import { observe } from "../src/index.js";

const [cgroup = "", maxEndpoints = ""] = process.argv.slice(2);
const end = new AbortController();
process.once("SIGINT", () => end.abort());

const snapshots = observe({
	scope: { cgroups: [cgroup] },
	maxEndpoints: Number(maxEndpoints),
	signal: end.signal,
	onCounting: () => void process.stderr.write("httpeek: counting\n"),
});
for await (const _ of snapshots) {
	// reading is what is measured
}
