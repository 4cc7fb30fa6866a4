/** What httpeek takes for itself: CPU time and memory of its process, and its tables in the kernel. */
import { Httpeek } from "../httpeek.js";
import { fullSpeed, steady } from "../load.js";
import { startNginx } from "../nginx.js";
import type { Goal, Row } from "../row.js";
import type { Scale } from "../scale.js";
import type { Workplace } from "../workplace.js";

const GROUP = "footprint";
const CPU_GOAL: Goal = { atMost: 1 };
const MANY_ENDPOINTS_GOAL: Goal = { atMost: 3 };
/** Whatever the rate: so many per cent of a core more are a difference that nobody minds. */
const SAME_GOAL: Goal = { atMost: 0.3 };
const MEMORY_GOAL: Goal = { atMost: 70 };
const SLOW_PER_SECOND = 400;
/** Compiling its code and meeting the endpoints is over by then; it is paid once and not per second. */
const WARM_UP_SECONDS = 3;
const BYTES_PER_MB = 1_000_000;

export async function* measureFootprint(workplace: Workplace, scale: Scale): AsyncGenerator<Row> {
	const { cpuSeconds: seconds, manyEndpoints } = scale;
	await using nginx = await startNginx(workplace);
	const { port } = nginx;
	const full: Load = async (wanted = seconds) => (await fullSpeed(workplace, { port, seconds: wanted })).requests;
	const slow: Load = (wanted = seconds) => steady(port, SLOW_PER_SECOND, wanted);
	const many: Load = async (wanted = seconds) =>
		(await fullSpeed(workplace, { port, seconds: wanted, traffic: "routes", routes: manyEndpoints })).requests;

	const atFullSpeed = await observe(() => Httpeek.start(workplace), full);
	yield* rowsOf("stat at full speed", atFullSpeed, CPU_GOAL, MEMORY_GOAL);
	const slowly = await observe(() => Httpeek.start(workplace), slow);
	yield* rowsOf(`stat at ${SLOW_PER_SECOND}/s`, slowly, CPU_GOAL, MEMORY_GOAL);
	yield {
		group: GROUP,
		what: `CPU of stat: full speed less ${SLOW_PER_SECOND}/s`,
		unit: "points",
		measured: atFullSpeed.cpuPercent - slowly.cpuPercent,
		goal: SAME_GOAL,
		note: `of a core; a tick is ${(1 / seconds).toFixed(2)}`,
	};
	const top = await observe(() => Httpeek.start(workplace, ["top"]), full);
	yield* rowsOf("top off a terminal at full speed", top, CPU_GOAL, MEMORY_GOAL);
	const counting = await observe(() => Httpeek.startWithEndpoints(workplace, manyEndpoints), many);
	yield* rowsOf(`stat with ${manyEndpoints} endpoints`, counting, MANY_ENDPOINTS_GOAL);
	const reading = await observe(() => Httpeek.startReader(workplace, manyEndpoints), many);
	yield* rowsOf(`the library reading ${manyEndpoints} endpoints a second`, reading, MANY_ENDPOINTS_GOAL);
}

/** Makes requests for a while, and tells how many. */
type Load = (seconds?: number) => Promise<number>;

interface Footprint {
	readonly cpuPercent: number;
	readonly peakBytes: number;
	readonly tableBytes: number;
	readonly note: string;
}

async function observe(start: () => Promise<Httpeek>, load: Load): Promise<Footprint> {
	await using httpeek = await start();
	await load(WARM_UP_SECONDS);
	const [cpuBefore, startMs] = [httpeek.cpuSeconds(), performance.now()];
	const requests = await load();
	const seconds = (performance.now() - startMs) / 1000;
	return {
		cpuPercent: (100 * (httpeek.cpuSeconds() - cpuBefore)) / seconds,
		peakBytes: httpeek.peakResidentBytes(),
		tableBytes: httpeek.tableBytes(),
		note: `${Math.round(requests / seconds)}/s for ${seconds.toFixed(0)} s, a tick is ${(1 / seconds).toFixed(2)} %`,
	};
}

function* rowsOf(what: string, footprint: Footprint, cpuGoal: Goal, memoryGoal?: Goal): Generator<Row> {
	const { cpuPercent, peakBytes, tableBytes, note } = footprint;
	yield { group: GROUP, what: `CPU of ${what}`, unit: "% of a core", measured: cpuPercent, goal: cpuGoal, note };
	const memory = {
		group: GROUP,
		what: `resident memory of ${what}`,
		unit: "MB",
		measured: peakBytes / BYTES_PER_MB,
		note: `peak; tables in the kernel: ${(tableBytes / BYTES_PER_MB).toFixed(1)} MB`,
	} as const;
	yield memoryGoal === undefined ? memory : { ...memory, goal: memoryGoal };
}
