/** What `npm test` was asked to run. */
export interface TestPlan {
	/** Types, lint and build come first unless suites were named. */
	checks: boolean;
	suites: string[];
	jestArgs: string[];
}

/** Reads the arguments: names of suites, then anything that Jest is to get as it is. */
export function planOf(args: readonly string[], known: readonly string[]): TestPlan {
	const firstOption = args.findIndex((arg) => arg.startsWith('-'));
	const names = firstOption === -1 ? args : args.slice(0, firstOption);
	const jestArgs = firstOption === -1 ? [] : args.slice(firstOption).filter((arg) => arg !== '--');
	const unknown = names.find((name) => !known.includes(name));
	if (unknown !== undefined) {
		throw new Error(`There is no suite “${unknown}”: the suites are ${known.join(', ')}.`);
	}
	return {
		checks: names.length === 0,
		suites: known.filter((name) => names.length === 0 || names.includes(name)),
		jestArgs,
	};
}
