import assert from "node:assert/strict";
import { test } from "node:test";
import { type Row, replaceTable, withoutVersions } from "./page.js";

const HEAD = [
	"# The matrix",
	"| role | program | language | version | TLS library | plain: counted / sent | TLS: counted / sent |",
	"|---|---|---|---|---|---|---|",
];
const ROW: Row = {
	role: "server",
	program: { name: "a", language: "C", version: "1.2", tls: { library: "b" } },
	plain: { counted: 3, sent: 4 },
	tls: "not built",
};

test("the rows are replaced, what stands around them stays", () => {
	const page = [...HEAD, "| old |", "| older |", "", "More."].join("\n");
	const text = "| server | a | C | 1.2 | b | 3 / 4 | not built |";
	assert.equal(replaceTable(page, [ROW]), [...HEAD, text, "", "More."].join("\n"));
	assert.throws(() => replaceTable("# Nothing", [ROW]), /lost its table/);
});

test("pages that differ in versions only say the same, pages that differ in numbers do not", () => {
	const page = (row: Row): string => withoutVersions(replaceTable([...HEAD, ""].join("\n"), [row]));
	assert.equal(page({ ...ROW, program: { ...ROW.program, version: "2.0" } }), page(ROW));
	assert.notEqual(page({ ...ROW, plain: { counted: 4, sent: 4 } }), page(ROW));
	assert.notEqual(page({ ...ROW, program: { ...ROW.program, tls: { library: "c" } } }), page(ROW));
});
