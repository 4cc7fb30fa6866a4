/** errno numbers as names and sentences. */
import { getSystemErrorMap } from "node:util";

/** Linux errnos that the kernel's BPF code returns and that libuv's table lacks. */
const KERNEL_ONLY: Readonly<Record<number, readonly [name: string, sentence: string]>> = {
	95: ["EOPNOTSUPP", "operation not supported"],
	524: ["ENOTSUPP", "operation not supported by this kernel"],
};

export const Errno = { EPERM: 1, ENOENT: 2, E2BIG: 7, ENOMEM: 12, EACCES: 13, EEXIST: 17, EINVAL: 22 } as const;

/** The name of an errno (positive or negative), such as `EPERM`; `errno 999` when it has none. */
export function errnoName(number: number): string {
	return describe(number)?.[0] ?? `errno ${Math.abs(number)}`;
}

/** An errno (positive or negative) for a person, such as `operation not permitted (EPERM)`. */
export function errnoText(number: number): string {
	const known = describe(number);
	return known === undefined ? errnoName(number) : `${known[1]} (${known[0]})`;
}

function describe(number: number): readonly [string, string] | undefined {
	const positive = Math.abs(number);
	return KERNEL_ONLY[positive] ?? getSystemErrorMap().get(-positive);
}
