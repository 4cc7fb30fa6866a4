/** The table of docs/kernels.md: a row for each kernel, replaced when that kernel is tested again. */

const HEADER = ["kernel", "object", "verifier: traffic / sockops", "passed", "failed", "skipped", "kernel log", "date"];
const NO_TABLE = "docs/kernels.md lost its table";

/** @typedef {import("../../test/vm/guest.js").GuestReport} GuestReport */

/**
 * @param {string} page the page as it is
 * @param {ReadonlyMap<string, GuestReport>} reports by the kernel's release
 * @param {Date} now
 * @returns {string} the page with these kernels' rows
 */
export function replaceRows(page, reports, now) {
	const lines = page.split("\n");
	const header = `| ${HEADER.join(" | ")} |`;
	const at = lines.indexOf(header);
	if (at < 0) throw new Error(NO_TABLE);
	const end = lines.findIndex((line, index) => index > at && !line.startsWith("|"));
	const rows = new Map(lines.slice(at + 2, end).map((line) => [seriesOf(line.split("|")[1] ?? ""), line]));
	for (const report of reports.values()) rows.set(seriesOf(report.kernel), row(report, now));
	const sorted = [...rows].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })).map(([, line]) => line);
	return [...lines.slice(0, at + 2), ...sorted, ...lines.slice(end)].join("\n");
}

/** `6.12` of ` 6.12.107+deb13-amd64 `. @param {string} kernel */
function seriesOf(kernel) {
	return /\d+\.\d+/.exec(kernel)?.[0] ?? kernel.trim();
}

/** @param {GuestReport} report @param {Date} now */
function row({ kernel, objects, tests, alarms }, now) {
	const product = objects[0];
	/** @param {string} name */
	const instructions = (name) => {
		const program = product?.programs.find((candidate) => candidate.name === name);
		return program === undefined || program.refusal !== undefined ? "refused" : thousands(program.instructions);
	};
	/** @param {"passed" | "failed" | "skipped"} what */
	const sum = (what) => tests.reduce((total, test) => total + test[what], 0);
	const cells = [
		kernel,
		`\`${product?.object}\``,
		["traffic", "sock_state"].map(instructions).join(" / "),
		sum("passed"),
		sum("failed"),
		sum("skipped"),
		alarms.length === 0 ? "clean" : `${alarms.length} alarms`,
		now.toISOString().slice(0, 10),
	];
	return `| ${cells.join(" | ")} |`;
}

/** `372k`. @param {number} count */
function thousands(count) {
	return `${Math.round(count / 1000)}k`;
}
