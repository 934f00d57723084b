import { standIn } from '../standIn';
import { openStage, type Stage, type StageOptions } from './stage';

const TIMEOUT_MS = 300_000;
/** Tasks finish when the test says so, and a sender is patient. */
const EMULATOR = { paceMs: Infinity, callbackTimeoutMs: 60_000 } as const;

/** A stage for all tests of a file, with tasks that finish only when told to. */
export function useStage({ emulator, n8n }: StageOptions = {}): Stage {
	return useOpened(async () => await openStage({ emulator: { ...EMULATOR, ...emulator }, n8n }));
}

/**
 * Opens a stage before the tests of a file, starts its emulator anew before each, and stops it at the
 * end whatever happens. What is returned can be used inside tests and hooks; a call of
 * `jest.setTimeout` after this one changes the five minutes that each of them has.
 */
export function useOpened<T extends Pick<Stage, 'emulator' | 'stop'>>(open: () => Promise<T>): T {
	let opened: T | undefined;
	jest.setTimeout(TIMEOUT_MS);
	beforeAll(async () => {
		opened = await open();
	});
	beforeEach(() => {
		opened?.emulator.reset();
	});
	afterAll(async () => {
		await opened?.stop();
	});
	return late(() => {
		if (opened === undefined)
			throw new Error('The stage opens before the first test, not earlier.');
		return opened;
	});
}

/** Stands in for an object that does not exist yet. */
function late<T extends object>(now: () => T): T {
	const get = (_: object, key: string | symbol): unknown =>
		// Zod, and whoever awaits it, look first whether it is a promise.
		key === 'then' ? undefined : Reflect.get(now(), key);
	return standIn<T>(new Proxy({}, { get }));
}
