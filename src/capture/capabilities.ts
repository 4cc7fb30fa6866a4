/** Which capabilities of this process suffice for httpeek. Bits: include/uapi/linux/capability.h. */
const CAP_NET_ADMIN = 12n;
const CAP_SYS_PTRACE = 19n;
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/** What loading and attaching network programs needs; CAP_SYS_ADMIN stands for each. Measured on kernels 5.10 to 7.3. */
const NEEDED: readonly (readonly [name: string, bit: bigint])[] = [
	["CAP_BPF", CAP_BPF],
	["CAP_NET_ADMIN", CAP_NET_ADMIN],
	["CAP_PERFMON", CAP_PERFMON],
];

export interface Capabilities {
	/** Names of those that httpeek cannot do without and this process lacks. */
	readonly missing: readonly string[];
	/** Whether the descriptors of other processes are out of reach. */
	readonly lacksNames: boolean;
}

/** Reads the text of /proc/self/status. Without a CapEff line everything is missing. */
export function readCapabilities(status: string): Capabilities {
	const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
	const has = (bit: bigint) => (effective & (1n << bit)) !== 0n;
	return {
		missing: has(CAP_SYS_ADMIN) ? [] : NEEDED.filter(([, bit]) => !has(bit)).map(([name]) => name),
		lacksNames: !has(CAP_SYS_PTRACE),
	};
}
