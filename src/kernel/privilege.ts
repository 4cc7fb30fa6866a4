/** Which capabilities a process lacks: the commonest reason why the kernel refuses a BPF operation. */
import { readFileSync } from "node:fs";

/** Bit numbers of include/uapi/linux/capability.h. */
const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/**
 * Capabilities that network programs need and this process has not, by name. CAP_SYS_ADMIN stands in for CAP_BPF and
 * CAP_PERFMON.
 *
 * @param status contents of /proc/self/status
 */
export function missingCapabilities(status: string): readonly string[] {
	const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
	const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n;
	const missing: string[] = [];
	if (!has(CAP_BPF) && !has(CAP_SYS_ADMIN)) missing.push("CAP_BPF");
	if (!has(CAP_NET_ADMIN)) missing.push("CAP_NET_ADMIN");
	if (!has(CAP_PERFMON) && !has(CAP_SYS_ADMIN)) missing.push("CAP_PERFMON");
	return missing;
}

/** The same for this process. Empty when /proc cannot tell. */
export function missingCapabilitiesHere(): readonly string[] {
	try {
		return missingCapabilities(readFileSync("/proc/self/status", "latin1"));
	} catch {
		return [];
	}
}
