/** Networks that lose, repeat, delay and reorder packets: two namespaces of a test's own, gone when the test ends. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import type { TestContext } from "node:test";
import { start } from "./programs.js";

/** Two ends that reach each other only through what loses packets. */
export interface BadNetwork {
	/** What to put before a command, so that it runs at that end. */
	readonly serverPrefix: readonly string[];
	readonly clientPrefix: readonly string[];
	/** The server's end, as it stands in a URL. */
	readonly host: string;
	/** What the network did to packets. Ends a relay: nothing passes afterwards. */
	readonly describe: () => Promise<string>;
}

/** Why relayed networks cannot be made here; false where they can. */
export const noRelayReason = existsSync("/dev/net/tun") ? false : "there is no /dev/net/tun";

/** Each end drops so many of the packets that come in, by itself. */
const DROPPED_PERCENT = 1;

/**
 * Carries packets between two TUN devices, each with its own fate: dropped, sent twice, or held back so long that others
 * overtake it. Ends with its standard input.
 */
const RELAY = `
import fcntl, heapq, os, random, select, struct, sys, time
TUNSETIFF, IFF_TUN_NO_PI = 0x400454CA, 0x1001
def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    return fd
ends = [tun(name) for name in sys.argv[1:3]]
other = {ends[0]: ends[1], ends[1]: ends[0]}
chance = random.Random(7)
held, number = [], 0
fates = {"carried": 0, "dropped": 0, "doubled": 0, "late": 0}
def hold(to, packet, late):
    global number
    number += 1
    heapq.heappush(held, (time.monotonic() + (0.004 if late else 0.001), number, to, packet))
print("ready", flush=True)
while True:
    wait = max(0, held[0][0] - time.monotonic()) if held else None
    readable = select.select(ends + [0], [], [], wait)[0]
    if 0 in readable and not os.read(0, 1): break
    for fd in readable:
        if fd == 0: continue
        try:
            for _ in range(64):
                packet = os.read(fd, 65536)
                fates["carried"] += 1
                fate = chance.random()
                if fate < 0.01: fates["dropped"] += 1; continue
                if fate < 0.02: fates["doubled"] += 1; hold(other[fd], packet, True)
                late = 0.02 <= fate < 0.05
                fates["late"] += late
                hold(other[fd], packet, late)
        except BlockingIOError: pass
    while held and held[0][0] <= time.monotonic():
        _, _, to, packet = heapq.heappop(held)
        try: os.write(to, packet)
        except OSError: pass
print(fates, flush=True)
`;

interface Ends {
	readonly names: readonly [server: string, client: string];
	readonly devices: readonly [server: string, client: string];
	readonly prefixes: readonly [server: readonly string[], client: readonly string[]];
}

function ip(...words: string[]): string {
	return execFileSync("ip", words, { stdio: ["ignore", "pipe", "pipe"], encoding: "utf8" });
}

function makeEnds(context: TestContext): Ends {
	const id = randomBytes(3).toString("hex");
	const names = [`httpeek-test-${id}-a`, `httpeek-test-${id}-b`] as const;
	for (const name of names) {
		ip("netns", "add", name);
		context.after(() => ip("netns", "delete", name));
		ip("-n", name, "link", "set", "lo", "up");
	}
	const prefix = (name: string) => ["ip", "netns", "exec", name];
	return {
		names,
		devices: [`hp${id}a`, `hp${id}b`],
		prefixes: [prefix(names[0]), prefix(names[1])],
	};
}

/**
 * A cable with an MTU of 1500; each end drops 1 % of what comes in.
 * @param offload segments travel together, up to 64 KB in a packet; otherwise each is a packet of its own
 */
export function makeDroppingNetwork(context: TestContext, offload: boolean): BadNetwork {
	const { names, devices, prefixes } = makeEnds(context);
	ip("link", "add", devices[0], "netns", names[0], "type", "veth", "peer", "name", devices[1], "netns", names[1]);
	for (const [i, name] of names.entries()) {
		const device = devices[i] ?? "";
		ip("-n", name, "address", "add", `10.77.0.${i + 1}/30`, "dev", device);
		ip("-n", name, "link", "set", device, "mtu", "1500", ...(offload ? [] : ["gso_max_segs", "1"]), "up");
		const nft = (text: string) => execFileSync("ip", ["netns", "exec", name, "nft", text], { stdio: "pipe" });
		nft("add table ip test");
		nft("add chain ip test in { type filter hook prerouting priority 0; }");
		nft(`add rule ip test in iifname ${device} numgen random mod 100 < ${DROPPED_PERCENT} counter drop`);
	}
	return {
		serverPrefix: prefixes[0],
		clientPrefix: prefixes[1],
		host: "10.77.0.1",
		describe: async () =>
			names
				.map((name) => execFileSync("ip", ["netns", "exec", name, "nft", "list", "ruleset"], { encoding: "utf8" }))
				.map((rules) => /counter packets \d+/.exec(rules)?.[0])
				.join(", "),
	};
}

/** An IPv6 link of 1 ms on which 1 % of the packets are dropped, 1 % come twice and 3 % are overtaken. */
export async function makeRelayedNetwork(context: TestContext, cgroup: string): Promise<BadNetwork> {
	const { names, devices, prefixes } = makeEnds(context);
	const relay = start(cgroup, "python3", ["-c", RELAY, ...devices], { stdio: ["pipe", "pipe", "pipe"] });
	await relay.wrote(/ready/);
	for (const [i, name] of names.entries()) {
		const device = devices[i] ?? "";
		ip("link", "set", device, "netns", name);
		ip("-n", name, "link", "set", device, "mtu", "1500", "txqueuelen", "5000", "up");
		ip("-n", name, "address", "add", `fd77::${i + 1}/64`, "dev", device, "nodad");
	}
	return {
		serverPrefix: prefixes[0],
		clientPrefix: prefixes[1],
		host: "[fd77::1]",
		describe: async () => {
			relay.child.stdin?.end();
			await relay.ended;
			return relay.stdout.replace(/^ready\n/, "").trim();
		},
	};
}
