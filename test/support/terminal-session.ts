/** An interactive shell on a terminal of its own, typed at step by step: what a person would see, as one text. */
import { HTTPEEK } from "./httpeek.js";
import { start } from "./programs.js";

/** What is typed, and what has to appear after it. */
export type Step = readonly [typed: string, awaited: string];

/**
 * A pseudo-terminal with an interactive bash in it; Python, because Node makes none. The prompt counts commands, so that
 * every one can be waited for: `<1>$ ` is the first.
 */
const DRIVER = String.raw`
import fcntl, json, os, pty, select, signal, struct, sys, termios, time
steps, command, patience, shell = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    os.environ.update(PS1=r"<\#>$ ", TERM="dumb", HISTFILE="", P=command, INPUTRC="/dev/null", LC_ALL="C")
    os.execvp(shell[0], shell)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
seen, mark, failed = b"", 0, None
for typed, awaited in steps:
    os.write(terminal, typed.encode())
    deadline = time.monotonic() + patience
    while awaited.encode() not in seen[mark:]:
        if time.monotonic() > deadline:
            failed = awaited
            break
        if select.select([terminal], [], [], 0.05)[0]:
            try: seen += os.read(terminal, 65536)
            except OSError: pass
    if failed: break
    mark = seen.index(awaited.encode(), mark) + len(awaited)
# as when the window is closed
os.close(terminal)
time.sleep(0.1)
try: os.kill(pid, signal.SIGKILL)
except OSError: pass
json.dump({"seen": seen.decode(errors="replace"), "failed": failed}, sys.stdout)
`;

const BASH = ["bash", "--norc", "--noprofile", "-i"];

/** What stands before a command for it to be run by httpeek, with everything that httpeek says put elsewhere. */
const WITH_HTTPEEK = `${process.execPath} ${HTTPEEK} run -q --report /dev/null --`;

/**
 * The session's text; `$P` in what is typed is httpeek or nothing. Throws when something awaited does not appear.
 * @param cgroup what it all runs in
 */
export async function terminalSession(
	cgroup: string,
	steps: readonly Step[],
	options: { readonly withHttpeek: boolean; readonly patienceSeconds: number; readonly shell?: readonly string[] },
): Promise<string> {
	// what is typed before a shell is ready can be lost
	const begun = options.shell === undefined ? [["", "<1>$ "], ...steps] : steps;
	const command = options.withHttpeek ? WITH_HTTPEEK : "";
	const driver = start(cgroup, "python3", ["-c", DRIVER], { stdio: ["pipe", "pipe", "pipe"] });
	driver.child.stdin?.end(JSON.stringify([begun, command, options.patienceSeconds, options.shell ?? BASH]));
	await driver.succeeded();
	const { seen, failed } = JSON.parse(driver.stdout) as { seen: string; failed: string | null };
	const text = seen
		.replaceAll("\r", "")
		.replaceAll(`${WITH_HTTPEEK} `, "")
		.replaceAll(/^\[\d\] \d+$/gm, "[1] PID")
		.replaceAll(/^\[1\][+-]/gm, "[1]");
	if (failed !== null) throw new Error(`${JSON.stringify(failed)} did not appear:\n${text}`);
	return text;
}
