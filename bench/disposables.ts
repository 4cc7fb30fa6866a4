/** What AsyncDisposableStack of later versions of Node does, as far as it is needed. */
export class Disposables implements AsyncDisposable {
	readonly #all: AsyncDisposable[] = [];

	/** Takes something over, to be disposed of together with the others, last one first. */
	use<T extends AsyncDisposable>(value: T): T {
		this.#all.push(value);
		return value;
	}

	async [Symbol.asyncDispose](): Promise<void> {
		for (let last = this.#all.pop(); last !== undefined; last = this.#all.pop()) await last[Symbol.asyncDispose]();
	}
}
