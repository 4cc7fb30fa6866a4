/** A command under `httpeek run` on a terminal, beside the same without httpeek: a person sees no difference. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { walkCgroups } from "../../src/identity/cgroup-tree.js";
import { skipReason } from "../support/capture.js";
import { PATIENCE } from "../support/emulation.js";
import { HTTPEEK } from "../support/httpeek.js";
import { makeLiveCgroup, processesIn } from "../support/live-cgroup.js";
import { start } from "../support/programs.js";
import { type Step, terminalSession } from "../support/terminal-session.js";
import { until } from "../support/until.js";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_Z = "\u001a";
const CTRL_BACKSLASH = "\u001c";
/** Typed words do not hold what is awaited, or their echo would be taken for it. */
const READY = "rea''dy";
/** Says when it is there, and when it was gone on with. One process: a shell that just starts another takes no key. */
const WAITER = `perl -e '$|=1; $SIG{CONT}=sub{print "went on\\n"}; print "rea","dy\\n"; while (1) { select undef, undef, undef, 30 }'`;
/** Right behind one command. */
const codeIs = (code: number, commands = 1): Step => ["echo co''de=$?.\n", `code=${code}.\r\n<${commands + 2}>$ `];

const SESSIONS: Readonly<Record<string, readonly Step[]>> = {
	"an exit code": [["$P sh -c 'exit 7'\n", "<2>$ "], codeIs(7)],
	"ended by SIGKILL": [["$P sh -c 'kill -KILL $$'\n", "<2>$ "], codeIs(137)],
	"ended by SIGUSR1": [["$P sh -c 'kill -USR1 $$'\n", "<2>$ "], codeIs(138)],
	"ended by a fault": [["ulimit -c 0; $P sh -c 'kill -SEGV $$'\n", "<2>$ "], codeIs(139)],
	"Ctrl-C": [[`$P ${WAITER}\n`, "ready\r\n"], [CTRL_C, "<2>$ "], codeIs(130)],
	"Ctrl-C, which the command catches": [
		[`$P sh -c 'trap "echo caught; exit 3" INT; echo ${READY}; while :; do sleep 0.05; done'\n`, "ready\r\n"],
		[CTRL_C, "<2>$ "],
		codeIs(3),
	],
	"Ctrl-C, counted by a command without standard input": [
		[
			'P3=\'import signal, time; n = []; signal.signal(2, lambda *_: n.append(1)); print("rea" "dy", flush=True); ' +
				"[time.sleep(0.05) for _ in range(600) if not n]; time.sleep(0.5); print(len(n))'\n",
			"<2>$ ",
		],
		['$P python3 -c "$P3" </dev/null\n', "ready\r\n"],
		[CTRL_C, "<3>$ "],
		codeIs(0, 2),
	],
	"Ctrl-\\": [[`ulimit -c 0; $P ${WAITER}\n`, "ready\r\n"], [CTRL_BACKSLASH, "<2>$ "], codeIs(131)],
	"Ctrl-Z, jobs, fg, Ctrl-C": [
		[`$P ${WAITER}\n`, "ready\r\n"],
		[CTRL_Z, "<2>$ "],
		["jobs\n", "<3>$ "],
		["fg\n", "went on\r\n"],
		[CTRL_C, "<4>$ "],
		codeIs(130, 3),
	],
	"Ctrl-Z, bg, wait": [
		[`$P perl -e '$|=1; print "rea","dy\\n"; for (1..20) { select undef, undef, undef, 0.1 } exit 4'\n`, "ready\r\n"],
		[CTRL_Z, "<2>$ "],
		["bg\n", "<3>$ "],
		["wait %1\n", "<4>$ "],
		codeIs(4, 3),
	],
	"Ctrl-Z, ended while stopped": [
		[`$P ${WAITER}\n`, "ready\r\n"],
		[CTRL_Z, "<2>$ "],
		["pid=$(jobs -p); kill %1; while kill -0 $pid 2>/dev/null; do sleep 0.05; done\n", "<3>$ "],
	],
	"Ctrl-Z, which the command ignores": [
		[`$P sh -c 'trap "" TSTP; echo ${READY}; sleep 1; echo aft""er'\n`, "ready\r\n"],
		[CTRL_Z, "<2>$ "],
		codeIs(0),
	],
	"stopped by itself, and gone on with": [
		["$P sh -c 'kill -STOP $$; echo aft\"\"er'\n", "<2>$ "],
		["fg\n", "<3>$ "],
		codeIs(0, 2),
	],
	"modes of the terminal that the command sets": [
		["$P stty -echo intr ^X; stty -a | grep -ow -e '-echo' -e 'intr = ^X'; stty sane\n", "<2>$ "],
		["stty -a | grep -ow -e 'echo'\n", "<3>$ "],
	],
	"size and name of the terminal, and its foreground": [
		["$P sh -c 'stty size; ps -o tpgid=,pgid= -p $$ | (read a b; test $a = $b && echo foreground)'\n", "<2>$ "],
	],
	"a shell with jobs of its own": [
		["$P env PS1='inner\\#$ ' bash --norc --noprofile -i\n", "inner1$ "],
		[`${WAITER}\n`, "ready\r\n"],
		[CTRL_Z, "inner2$ "],
		["jobs\n", "inner3$ "],
		["fg\n", "went on\r\n"],
		[CTRL_C, "inner4$ "],
		[`${WAITER} | cat\n`, "ready\r\n"],
		[CTRL_C, "inner5$ "],
		["echo $?\n", "inner6$ "],
		["exit 5\n", "<2>$ "],
		codeIs(5),
	],
	"a shell that is suspended, and gone on with": [
		["$P env PS1='inner\\#$ ' bash --norc --noprofile -i\n", "inner1$ "],
		["suspend\n", "<2>$ "],
		["jobs\n", "<3>$ "],
		["fg\n", "inner2$ "],
		["echo $((6 * 7))\n", "inner3$ "],
		["exit\n", "<4>$ "],
	],
	"a command in the background that reads": [
		["$P cat &\n", "<2>$ "],
		["until jobs %1 | grep -q Stopped; do sleep 0.05; done\n", "<3>$ "],
		["fg\n", "cat"],
		["hello\n", "hello\r\nhello"],
		[CTRL_D, "<4>$ "],
		codeIs(0, 3),
	],
};

for (const [name, steps] of Object.entries(SESSIONS)) {
	test(name, { skip: skipReason }, async (context) => {
		const cgroup = makeLiveCgroup(context);
		const session = (withHttpeek: boolean) =>
			terminalSession(cgroup, steps, { withHttpeek, patienceSeconds: 20 * PATIENCE });
		assert.equal(await session(true), await session(false));
	});
}

for (const withHttpeek of [true, false]) {
	test(`the window is closed ${withHttpeek ? "around httpeek" : "around a command alone"}: it is told, and nobody stays`, {
		skip: skipReason,
	}, async (context) => {
		const cgroup = makeLiveCgroup(context);
		const folder = mkdtempSync(join(tmpdir(), "httpeek-closed-"));
		context.after(() => rmSync(folder, { recursive: true }));
		const told = join(folder, "told");
		const script =
			'$|=1; $SIG{HUP}=sub{mkdir $ARGV[0]; exit}; print "rea","dy\\n"; while (1) { select undef, undef, undef, 30 }';
		const steps: readonly Step[] = [[`$P perl -e '${script}' ${told}\n`, "ready\r\n"]];
		await terminalSession(cgroup, steps, { withHttpeek, patienceSeconds: 20 * PATIENCE });
		await until(() => existsSync(told), "the command got its SIGHUP");
		await until(() => [...walkCgroups(cgroup)].length === 1 && processesIn(cgroup).length === 0, "all have ended");
	});
}

/** What a program finds: its descriptors' modes, signals, limits, environment, group, foreground. */
const FACTS = `
import fcntl, os, resource, sys
facts = ["%d %s %o" % (fd, os.isatty(fd), fcntl.fcntl(fd, fcntl.F_GETFL) & ~0o100000) for fd in (0, 1, 2)]
facts += [line.strip() for line in open("/proc/self/status") if line.startswith(("SigBlk", "SigIgn", "SigCgt", "Umask"))]
facts += ["%s=%s" % pair for pair in sorted(os.environ.items()) if pair[0] != "_"]
facts += [os.getcwd(), os.nice(0), open("/proc/self/oom_score_adj").read().strip(), os.getuid(), os.getsid(0) > 0]
facts += [name + str(resource.getrlimit(getattr(resource, name))[1]) for name in dir(resource) if name.startswith("RLIMIT_")]
open(sys.argv[1], "w").write("\\n".join(map(str, facts)))
`;

for (const how of ["pipes", "a terminal"]) {
	test(`what a program on ${how} finds is the same`, { skip: skipReason }, async (context) => {
		const cgroup = makeLiveCgroup(context);
		const folder = mkdtempSync(join(tmpdir(), "httpeek-facts-"));
		context.after(() => rmSync(folder, { recursive: true }));
		// names that a shell would drop, and none of those that it would add
		const env = {
			PATH: process.env.PATH,
			SHELL: "/bin/bash",
			"a.b": "with a dot",
			"BASH_FUNC_f%%": "() { :; }",
			EMPTY: "",
		};
		const facts = async (name: string, ...httpeek: string[]): Promise<string> => {
			const file = join(folder, name);
			const words = [...httpeek, "python3", "-c", FACTS, file];
			const quoted = words.map((word) => `'${word}'`).join(" ");
			const onTerminal = ["script", "-qec", quoted, "/dev/null"];
			await start(cgroup, "env", ["-i", ...assignments(env), ...(how === "pipes" ? words : onTerminal)]).succeeded();
			return readFileSync(file, "utf8");
		};
		const without = await facts("without");
		const withIt = await facts("with", process.execPath, HTTPEEK, "run", "-q", "--report", "/dev/null", "--");
		assert.equal(withIt, without);
		assert.match(without, /^a\.b=with a dot$/m);
	});
}

function assignments(env: Readonly<Record<string, string | undefined>>): string[] {
	return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}
