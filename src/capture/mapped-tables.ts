/** The tables of loaded programs, mapped into this process. */
import type { BpfMap } from "../kernel/map.js";
import { CELL_SIZE } from "../wire/layout.js";
import { COUNTERS_OFFSET } from "../wire/object.js";
import { CELLS_PER_PART, Tables } from "./tables.js";

/** The maps that are read by mapping them. */
export type MappedTable = "cells" | "endpoints" | "owners" | "starts" | ".bss";

/** An object with the product's maps. */
export interface WithTables {
	map(name: MappedTable): Pick<BpfMap, "memory" | "memoryPart" | "maxEntries">;
}

/**
 * @param stripes copies of each counter, as the object was loaded with
 * @throws HttpeekError HTTPEEK_BPF when the kernel refuses to map a table, also later, when cells are read for the first
 * time
 */
export function mappedTables(object: WithTables, stripes: number): Tables {
	const cells = object.map("cells");
	const memory = (name: MappedTable): ArrayBuffer => object.map(name).memory().buffer;
	return new Tables(
		{
			cells: (part) => cells.memoryPart(part, CELLS_PER_PART * CELL_SIZE).buffer,
			cellSlots: cells.maxEntries,
			endpoints: memory("endpoints"),
			owners: memory("owners"),
			starts: memory("starts"),
			counters: memory(".bss"),
			countersOffset: COUNTERS_OFFSET,
		},
		stripes,
	);
}
