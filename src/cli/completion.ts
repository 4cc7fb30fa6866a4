/** Completion scripts, made of the commands and flags that there are. Completing starts no httpeek. */
import type { Command } from "commander";
import { HttpeekError } from "../base/errors.js";
import { bashScript } from "./completion-bash.js";
import { fishScript } from "./completion-fish.js";
import { type CommandSpec, type CompletionShell, completionSpec, SHELLS } from "./completion-spec.js";
import { zshScript } from "./completion-zsh.js";

const SCRIPTS: Readonly<Record<CompletionShell, (commands: readonly CommandSpec[]) => string>> = {
	bash: bashScript,
	zsh: zshScript,
	fish: fishScript,
};

/**
 * The script for a shell.
 * @throws HttpeekError HTTPEEK_USAGE for another shell.
 */
export function completionScript(program: Command, shell: string): string {
	const known = SHELLS.find((name) => name === shell);
	if (known === undefined) {
		// three names that are too short for a guess
		const hint = `shells are ${SHELLS.join(", ")}`;
		throw new HttpeekError("HTTPEEK_USAGE", `no completion for shell "${shell}"`, { hint });
	}
	return SCRIPTS[known](completionSpec(program));
}
