/** Makes a runner that lets at most `places` pieces of work run at a time; the rest wait their turn. */
export function limiter(places: number): <T>(work: () => Promise<T>) => Promise<T> {
	const waiting: Array<() => void> = [];
	let free = places;
	return async (work) => {
		if (free > 0) free -= 1;
		else await new Promise<void>((resolve) => waiting.push(resolve));
		try {
			return await work();
		} finally {
			const next = waiting.shift();
			// A place that someone waits for is handed over without ever being free.
			if (next === undefined) free += 1;
			else next();
		}
	};
}
