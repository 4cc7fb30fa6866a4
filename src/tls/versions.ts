/** What versions libraries say they are. */
import { readDynamic } from "./dynamic.js";
import { type Elf, findSection } from "./elf.js";

/** `libssl.so.3`, `libssl.so.1.1`. */
const LIBRARY_NAME = /^libssl\.so\.(\d+(?:\.\d+)*)$/;
/** `OpenSSL 3.0.19 27 Jan 2026`, as OpenSSL_version() returns it. */
const VERSION_TEXT = /^OpenSSL (\d+\.\d+\.\d+[a-z]*(?:-[\w.]{1,16})?) /;
const VERSION_TEXT_BEGINS = Buffer.from("OpenSSL ");
/** Other texts begin like that, too. */
const MOST_PLACES = 256;
const MOST_TEXT_BYTES = 48;
/** node keeps 47 MB of constants, and the text after the first eight. */
const MOST_BYTES_SEARCHED = 32 * 1024 * 1024;

/**
 * The version of the OpenSSL in a file that has one. A shared libssl only knows what its name says (3, 1.1): the full
 * number stands in libcrypto.
 */
export function opensslVersion(elf: Elf): string | undefined {
	return LIBRARY_NAME.exec(readDynamic(elf).soname ?? "")?.[1] ?? versionInConstants(elf);
}

function versionInConstants(elf: Elf): string | undefined {
	const section = findSection(elf, ".rodata");
	if (section === undefined) return undefined;
	const searchedBytes = Math.min(section.sizeBytes, MOST_BYTES_SEARCHED);
	let left = MOST_PLACES;
	for (const { place } of elf.file.search(section.offset, searchedBytes, [VERSION_TEXT_BEGINS])) {
		const version = VERSION_TEXT.exec(textAt(elf, section.offset + place))?.[1];
		if (version !== undefined) return version;
		left -= 1;
		if (left === 0) break;
	}
	return undefined;
}

function textAt({ file }: Elf, offset: number): string {
	return file.read(offset, Math.min(MOST_TEXT_BYTES, file.sizeBytes - offset)).toString("latin1");
}
