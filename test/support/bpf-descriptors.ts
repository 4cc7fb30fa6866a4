import { readdirSync, readlinkSync } from "node:fs";

/** How many maps, programs, links and BTF objects this process holds open. */
export function bpfDescriptors(): number {
	return readdirSync("/proc/self/fd").filter((fd) => {
		try {
			return /^anon_inode:(bpf|\[?btf)/.test(readlinkSync(`/proc/self/fd/${fd}`));
		} catch {
			return false;
		}
	}).length;
}
