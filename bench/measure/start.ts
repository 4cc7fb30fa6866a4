/** How long one waits until httpeek counts. */
import { Httpeek } from "../httpeek.js";
import { spreadOf } from "../numbers.js";
import { type Row, rowOf } from "../row.js";
import type { Scale } from "../scale.js";
import type { Workplace } from "../workplace.js";

export async function* measureStart(workplace: Workplace, { starts }: Scale): AsyncGenerator<Row> {
	const times: number[] = [];
	for (let start = 0; start < starts; start++) {
		await using httpeek = await Httpeek.start(workplace);
		times.push(httpeek.startMs);
	}
	const note = `${starts} starts, from spawn to the line "httpeek: counting"`;
	const row = { group: "start", what: "from start to counting", unit: "ms", note } as const;
	yield rowOf({ ...row, goal: { atMost: 500 } }, spreadOf(times));
}
