/** Remembers values by key: so many, those that were asked for last. */
export class RecentMap<Value> {
	readonly #most: number;
	/** The one that was asked for longest ago first. */
	readonly #values = new Map<string, { readonly value: Value }>();

	constructor(most: number) {
		this.#most = most;
	}

	/** What is remembered; undefined where nothing is. */
	get(key: string): Value | undefined {
		const known = this.#values.get(key);
		if (known !== undefined) this.set(key, known.value);
		return known?.value;
	}

	/** What is remembered, or else is made, and remembered then. */
	getOrMake(key: string, make: () => Value): Value {
		const known = this.#values.get(key);
		const value = known === undefined ? make() : known.value;
		this.set(key, value);
		return value;
	}

	set(key: string, value: Value): void {
		this.#values.delete(key);
		this.#values.set(key, { value });
		const [oldest] = this.#values.keys();
		if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest);
	}
}
