// The five slowest endpoints of the last ten seconds, by their 99th percentile.
// Run as root: node examples/slowest.mjs [cgroup]
import { difference, observe, quantile } from "httpeek";

const cgroup = process.argv[2];
let before;
for await (const snapshot of observe({ scope: cgroup ? { cgroups: [cgroup] } : {}, intervalSeconds: 10 })) {
	if (before) {
		const slowest = difference(before, snapshot)
			.endpoints.filter((row) => row.outcome === "response" && row.count > 0)
			.map((row) => ({ row, p99Seconds: quantile(row.latency, 0.99) ?? 0 }))
			.sort((a, b) => b.p99Seconds - a.p99Seconds)
			.slice(0, 5);
		for (const { row, p99Seconds } of slowest) {
			console.log(`${(p99Seconds * 1000).toFixed(1)} ms  ${row.service} ${row.method} ${JSON.stringify(row.route)}`);
		}
	}
	before = snapshot;
}
