/** The dynamic linker's cache, made for tests. */

/** @param entries name and path, in the order in which they are to stand */
export function makeLinkerCache(entries: readonly (readonly [name: string, path: string])[], oldEntries = 0): Buffer {
	const texts = Buffer.from(`${entries.flat().join("\0")}\0`);
	const textsAt = 48 + entries.length * 24;
	const bytes = Buffer.alloc(textsAt + texts.length);
	bytes.write("glibc-ld.so.cache1.1", "latin1");
	bytes.writeUInt32LE(entries.length, 20);
	bytes.writeUInt32LE(texts.length, 24);
	let at = textsAt;
	for (const [index, pair] of entries.entries()) {
		bytes.writeUInt32LE(0x303, 48 + index * 24);
		for (const [field, text] of pair.entries()) {
			bytes.writeUInt32LE(at, 48 + index * 24 + 4 + field * 4);
			at += Buffer.byteLength(text) + 1;
		}
	}
	texts.copy(bytes, textsAt);
	if (oldEntries === 0) return bytes;
	const old = Buffer.alloc(Math.ceil((16 + oldEntries * 12) / 8) * 8);
	old.write("ld.so-1.7.0", "latin1");
	old.writeUInt32LE(oldEntries, 12);
	return Buffer.concat([old, bytes]);
}
