/**
 * Puts rarely run code behind the rest of its function, in LLVM's textual IR.
 *
 * likely() and unlikely() tell the compiler what is rare, but its BPF backend leaves blocks in the order of the source: it
 * cannot change conditional jumps (BPFInstrInfo::analyzeBranch), which its pass for the placement of blocks would have to. So
 * what is rare stands in the middle of what is not, and a packet's way leads through more cache lines than it has code for.
 * Blocks of the IR may stand in any order, behind the first one; the backend keeps it.
 */

/** An edge that is taken less often is rare: unlikely() says one in 2,000, and nothing else does so for these programs. */
const RARE = 0.05;

/**
 * @typedef {object} Block
 * @property {string} name
 * @property {string[]} lines
 */

/**
 * @param {string} ir of a module whose blocks have names (-fno-discard-value-names)
 * @returns {string}
 */
export function hotFirst(ir) {
	const lines = ir.split("\n");
	const weights = branchWeights(lines);
	/** @type {string[]} */
	const result = [];
	for (let i = 0; i < lines.length; i++) {
		const line = lines[i] ?? "";
		if (!line.startsWith("define ")) {
			result.push(line);
			continue;
		}
		const end = lines.indexOf("}", i);
		if (end === -1) throw new Error(`a function without an end: ${line}`);
		// what has no name has a number, in order: any other order needs names
		const [head = "", ...body] = lines
			.slice(i, end)
			.map((text) => text.replace(/%(\d+)\b/g, "%n$1").replace(/^(\d+):/, "n$1:"));
		const blocks = blocksOf(body);
		const isHot = hotBlocks(blocks, weights);
		const ordered = [...blocks.filter(({ name }) => isHot.has(name)), ...blocks.filter(({ name }) => !isHot.has(name))];
		result.push(head, ...ordered.flatMap((block) => block.lines), "}");
		i = end;
	}
	return result.join("\n");
}

/** @param {readonly string[]} lines @returns {Map<string, number[]>} of each node of metadata, the weights of a branch's ways */
function branchWeights(lines) {
	/** @type {Map<string, number[]>} */
	const weights = new Map();
	for (const line of lines) {
		const [, node, list] = /^(!\d+) = !\{!"branch_weights",(?: !"expected",)?(.*)\}$/.exec(line) ?? [];
		if (node === undefined || list === undefined) continue;
		weights.set(
			node,
			list.split(",").map((weight) => Number(weight.trim().replace(/^i32 /, "")) >>> 0),
		);
	}
	return weights;
}

/** @param {readonly string[]} body @returns {Block[]} */
function blocksOf(body) {
	/** @type {Block[]} */
	const blocks = [];
	for (const line of body) {
		const name = /^([-\w.$]+|"[^"]+"):/.exec(line)?.[1];
		const last = blocks.at(-1);
		if (name !== undefined) blocks.push({ name: name.replaceAll('"', ""), lines: [line] });
		else if (last === undefined) blocks.push({ name: "", lines: [line] });
		else last.lines.push(line);
	}
	return blocks;
}

/**
 * Those that the function's beginning leads to without a rare edge.
 * @param {readonly Block[]} blocks
 * @param {ReadonlyMap<string, readonly number[]>} weights
 * @returns {Set<string>} names
 */
function hotBlocks(blocks, weights) {
	const byName = new Map(blocks.map((block) => [block.name, block]));
	const hot = new Set(blocks.slice(0, 1).map(({ name }) => name));
	// a Set is walked in the order of insertion, and what is added on the way is walked as well
	for (const name of hot) {
		const { targets, node } = exits(byName.get(name)?.lines ?? []);
		const known = weights.get(node ?? "");
		const shares = known?.length === targets.length ? known : targets.map(() => 1);
		const all = shares.reduce((sum, share) => sum + share, 0);
		for (const [index, target] of targets.entries()) {
			if ((shares[index] ?? 0) >= all * RARE) hot.add(target);
		}
	}
	return hot;
}

/** @param {readonly string[]} lines of a block @returns {{ targets: string[], node: string | undefined }} */
function exits(lines) {
	const from = lines.findLastIndex((line) => /^\s+(br|switch|ret|unreachable)\b/.test(line));
	if (from === -1) throw new Error(`a block without an exit: ${lines[0]}`);
	const exit = lines.slice(from).join("\n");
	const targets = [...exit.matchAll(/label %("[^"]+"|[-\w.$]+)/g)].map(([, name = ""]) => name.replaceAll('"', ""));
	return { targets, node: /!prof (!\d+)/.exec(exit)?.[1] };
}
