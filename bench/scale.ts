/** How long and how often everything is measured. */
export interface Scale {
	/** Of counting against wrk, for each kind of traffic. */
	readonly countedSeconds: number;
	/** Of each kind of traffic while the programs are timed, and how often in turn. */
	readonly kernelSeconds: number;
	readonly kernelRounds: number;
	/** Of what is timed without traffic. */
	readonly warmRounds: number;
	/**
	 * Of each half of a pair with and without httpeek, whole seconds; how many of them follow one another; and how often
	 * everybody has a turn: short ones meet the same noise.
	 */
	readonly pairSeconds: number;
	readonly pairsInTurn: number;
	readonly turns: number;
	readonly cpuSeconds: number;
	readonly idleConnections: number;
	readonly idlePairs: number;
	/** What a large host has. */
	readonly manyConnections: number;
	readonly manyEndpoints: number;
	/** Of each kind of traffic while its cost is compared, and how often in turn. */
	readonly flatSeconds: number;
	readonly flatRounds: number;
	/** Of the load that is watched with other tools. */
	readonly peerSeconds: number;
	/** Of each load in an emulated machine, whole seconds, and how often in turn. */
	readonly emulatedSeconds: number;
	readonly emulatedRounds: number;
	readonly starts: number;
}

/** Less than ten minutes. */
export const FULL: Scale = {
	countedSeconds: 5,
	kernelSeconds: 2,
	kernelRounds: 4,
	warmRounds: 25,
	pairSeconds: 1,
	pairsInTurn: 3,
	turns: 3,
	cpuSeconds: 10,
	idleConnections: 10_000,
	idlePairs: 3,
	manyConnections: 50_000,
	manyEndpoints: 10_000,
	flatSeconds: 1.5,
	flatRounds: 4,
	peerSeconds: 5,
	emulatedSeconds: 4,
	emulatedRounds: 3,
	starts: 11,
};

/** Two minutes: says that everything runs, not how fast it is. */
export const QUICK: Scale = {
	countedSeconds: 1,
	kernelSeconds: 0.5,
	kernelRounds: 1,
	warmRounds: 3,
	pairSeconds: 1,
	pairsInTurn: 1,
	turns: 1,
	cpuSeconds: 2,
	idleConnections: 2_000,
	idlePairs: 1,
	manyConnections: 5_000,
	manyEndpoints: 1_000,
	flatSeconds: 0.5,
	flatRounds: 1,
	peerSeconds: 1,
	emulatedSeconds: 2,
	emulatedRounds: 1,
	starts: 3,
};
