/** Checks of values that came out of JSON: each returns its value with a type, or throws what is wrong and where. */

/** What is wrong with a value, for people: `snapshot.endpoints[3].status is not a whole number`. */
export class ShapeError extends Error {
	override readonly name = "ShapeError";
}

/** @param path where the value stands, for the message */
export type Check<T> = (value: unknown, path: string) => T;

function wrong(path: string, problem: string): never {
	throw new ShapeError(`${path} ${problem}`);
}

/** A number from 0 on: counts, seconds. */
export const amount: Check<number> = (value, path) =>
	typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : wrong(path, "is not a number from 0 on");

/** A whole number within bounds, both included. */
export function whole(from = 0, to = Number.MAX_SAFE_INTEGER): Check<number> {
	return (value, path) =>
		Number.isSafeInteger(value) && (value as number) >= from && (value as number) <= to
			? (value as number)
			: wrong(path, `is not a whole number from ${from} to ${to}`);
}

export const flag: Check<boolean> = (value, path) =>
	typeof value === "boolean" ? value : wrong(path, "is neither true nor false");

/** Text of others, of any characters. */
export function text(longest: number): Check<string> {
	return (value, path) => {
		if (typeof value !== "string") wrong(path, "is not a text");
		return value.length <= longest ? value : wrong(path, `is longer than ${longest} characters`);
	};
}

/** A text of a known form, which is shown as it is. */
export function word(form: RegExp): Check<string> {
	return (value, path) => (typeof value === "string" && form.test(value) ? value : wrong(path, `is not like ${form}`));
}

export function oneOf<const T extends string>(...values: readonly T[]): Check<T> {
	return (value, path) =>
		values.find((candidate) => candidate === value) ?? wrong(path, `is none of ${values.join(", ")}`);
}

export function orNull<T>(check: Check<T>): Check<T | null> {
	return (value, path) => (value === null ? null : check(value, path));
}

/** A moment as RFC 3339 in UTC, to the millisecond. */
export const moment: Check<Date> = (value, path) => {
	const date = new Date(typeof value === "string" ? value : Number.NaN);
	return Number.isNaN(date.getTime()) ? wrong(path, "is not a time such as 2026-01-02T03:04:05.678Z") : date;
};

export function listOf<T>(check: Check<T>, longest: number): Check<T[]> {
	return (value, path) => {
		if (!Array.isArray(value)) wrong(path, "is not a list");
		if (value.length > longest) wrong(path, `has more than ${longest} entries`);
		return value.map((item, index) => check(item, `${path}[${index}]`));
	};
}

/** An object whose fields are not known by name. */
export function dictionaryOf<T>(names: Check<string>, values: Check<T>): Check<Record<string, T>> {
	return (value, path) =>
		Object.fromEntries(
			Object.entries(anObject(value, path)).map(([name, item]) => [
				names(name, `a name in ${path}`),
				values(item, `${path}.${name}`),
			]),
		);
}

/** An object with these fields; others are left out, so that later versions can add some. */
export function shape<T extends object>(fields: { readonly [Name in keyof T]: Check<T[Name]> }): Check<T> {
	const checks = Object.entries(fields) as [keyof T & string, Check<unknown>][];
	return (value, path) => {
		const object = anObject(value, path);
		return Object.fromEntries(checks.map(([name, check]) => [name, check(object[name], `${path}.${name}`)])) as T;
	};
}

/** As shape(), with a field that may be missing: then it is absent from the result, too. */
export function withOptional<T extends object, Name extends string, V>(
	required: Check<T>,
	name: Name,
	check: Check<V>,
): Check<T & { readonly [Key in Name]?: V }> {
	return (value, path) => {
		const object = required(value, path);
		const more = (value as Record<string, unknown>)[name];
		return more === undefined ? object : { ...object, [name]: check(more, `${path}.${name}`) };
	};
}

function anObject(value: unknown, path: string): Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value)
		? (value as Record<string, unknown>)
		: wrong(path, "is not an object");
}
