/** The load generators that servers are asked with; they are clients of the matrix, too. */
import { type Command, type Counts, countsOf, TARGETS } from "./programs.js";

/** Requests for each target. */
export const REQUESTS_EACH = 100;
/** What a load generator sends. */
export const SENT = countsOf(REQUESTS_EACH);
export const REQUESTS = REQUESTS_EACH * TARGETS.length;
const CONNECTIONS = 4;

export interface LoadGenerator {
	/** Programs that are run one after another; together they send SENT. */
	readonly commands: (base: string) => readonly Command[];
	/** Answers by the first digit of their status, `{ 2: 200, 4: 100 }`, as one of the programs has told them. */
	readonly told: (stdout: string) => Counts;
}

/** All targets in turn, over kept-alive connections. */
export const H2LOAD: LoadGenerator = {
	commands: (base) => [
		["h2load", "--h1", "-n", `${REQUESTS}`, "-c", `${CONNECTIONS}`, ...TARGETS.map(({ path }) => base + path)],
	],
	// status codes: 200 2xx, 0 3xx, 100 4xx, 100 5xx
	told: (stdout) =>
		added([...(/^status codes: .*/m.exec(stdout)?.[0].matchAll(/(?<count>\d+) (?<digit>\d)xx/g) ?? [])]),
};

/** One target after another; it opens a new connection where one was closed. */
export const HEY: LoadGenerator = {
	commands: (base) => TARGETS.map(({ path }) => ["hey", "-n", `${REQUESTS_EACH}`, "-c", `${CONNECTIONS}`, base + path]),
	//   [200]	100 responses
	told: (stdout) => added([...stdout.matchAll(/\[(?<digit>\d)\d\d\]\s+(?<count>\d+) responses/g)]),
};

/** The same of what was sent. */
export function classesOf(counts: Counts): Counts {
	return sumsOf(Object.entries(counts).map(([counted, count]) => [counted.at(-3) ?? "", count]));
}

/** Adds up numbers under the same key; leaves out those that are 0. */
export function sumsOf(numbers: readonly (readonly [key: string, count: number])[]): Counts {
	const sums: Record<string, number> = {};
	for (const [key, count] of numbers) if (count > 0) sums[key] = (sums[key] ?? 0) + count;
	return sums;
}

function added(matches: readonly RegExpMatchArray[]): Counts {
	return sumsOf(matches.map(({ groups }) => [groups?.digit ?? "", Number(groups?.count)]));
}
