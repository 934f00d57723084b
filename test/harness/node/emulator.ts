import type { Emulator } from '../../emulator';
import { startEmulator } from '../../emulator';
import { clock } from './time';

/**
 * The emulator for the tests of one file, as good as new before each test. Tasks end only when a
 * test says so, or right away with a pace in their prompt.
 */
export function useEmulator(): { readonly current: Emulator } {
	let started: Emulator | undefined;
	const holder = {
		get current(): Emulator {
			if (started === undefined) throw new Error('The emulator runs only during tests');
			return started;
		},
	};
	beforeAll(async () => {
		started = await startEmulator({ paceMs: Infinity });
	});
	beforeEach(() => {
		holder.current.reset();
		holder.current.clearFaults();
		clock.reset();
	});
	afterAll(async () => await started?.stop());
	return holder;
}
