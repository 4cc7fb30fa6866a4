/** Network addresses of the wire as text. */
import { SocketAddress } from "node:net";

const IPV4_MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/** `10.0.0.9:80` or `[2001:db8::1]:80`. `address` has 16 bytes, IPv4 as ::ffff:a.b.c.d. */
export function peerText(address: Uint8Array, port: number): string {
	if (IPV4_MAPPED.every((byte, at) => byte === address[at])) {
		return `${address.subarray(IPV4_MAPPED.length).join(".")}:${port}`;
	}
	const groups: string[] = [];
	for (let at = 0; at < address.length; at += 2) {
		groups.push((((address[at] ?? 0) << 8) | (address[at + 1] ?? 0)).toString(16));
	}
	// the canonical, shortened form (RFC 5952)
	return `[${new SocketAddress({ family: "ipv6", address: groups.join(":") }).address}]:${port}`;
}
