/**
 * `npm run fuzz -- [SECONDS]`: searches for conversations that break the kernel side's C sources, from fuzz/seeds and from
 * what earlier runs found worth keeping in build/fuzz/corpus. What breaks them is kept in build/fuzz/found.
 */
import { mkdirSync } from "node:fs";
import { FUZZER, fuzzStep } from "./build-fuzz.mjs";
import { EXIT, runTool, ToolFailure } from "./lib/failure.mjs";
import { inRoot } from "./lib/files.mjs";
import { ensureMachine, FOR_BUILDING, FOR_FUZZING } from "./lib/machine.mjs";
import { runShown } from "./lib/programs.mjs";
import { buildStep } from "./lib/setup.mjs";

const DEFAULT_SECONDS = 600;

await runTool(async () => {
	const seconds = Number(process.argv[2] ?? DEFAULT_SECONDS);
	if (!Number.isInteger(seconds) || seconds < 1) {
		throw new ToolFailure(`cannot fuzz for "${process.argv[2]}": not a whole number of seconds`, {
			hint: `npm run fuzz -- ${DEFAULT_SECONDS}`,
			exitCode: EXIT.usage,
		});
	}
	await ensureMachine([...FOR_BUILDING, ...FOR_FUZZING], "fuzz httpeek");
	buildStep(fuzzStep, "compiling the fuzzer");
	for (const folder of ["corpus", "found"]) mkdirSync(inRoot("build/fuzz", folder), { recursive: true });
	const isFine = runShown(inRoot(FUZZER), [
		`-max_total_time=${seconds}`,
		...["-max_len=4096", "-timeout=10", "-dict=fuzz/http.dict", "-artifact_prefix=build/fuzz/found/"],
		...["build/fuzz/corpus", "fuzz/seeds"],
	]);
	return isFine ? 0 : EXIT.runtime;
});
