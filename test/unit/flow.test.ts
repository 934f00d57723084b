import { CancelledError, mapConcurrently, abortable, pause } from '../../nodes/Kling/n8n/async';

/** Lets every promise that can go on do so. */
const turn = async () => await new Promise<void>((resolve) => setImmediate(resolve));

describe('mapping several at once', () => {
	test('gives each input and its position once, and keeps the order, whoever is done first', async () => {
		let calls = 0;
		const results = await mapConcurrently([3, 1, 2], 3, async (turns, index) => {
			calls += 1;
			for (let left = turns; left > 0; left--) await turn();
			return `${turns} at ${index}`;
		});
		expect([calls, results]).toEqual([3, ['3 at 0', '1 at 1', '2 at 2']]);
	});

	test.each([
		[1, 1],
		[3, 3],
		[50, 20],
	])('with the limit %d runs %d of twenty at once', async (limit, expected) => {
		let running = 0;
		let most = 0;
		await mapConcurrently(Array<null>(20).fill(null), limit, async (_, index) => {
			running += 1;
			most = Math.max(most, running);
			for (let left = index % 4; left >= 0; left--) await turn();
			running -= 1;
		});
		expect(most).toBe(expected);
	});
});

describe('cancelling', () => {
	test('ends work that never ends', async () => {
		const controller = new AbortController();
		const endless = abortable(new Promise(() => {}), controller.signal);
		controller.abort();
		await expect(endless).rejects.toBeInstanceOf(CancelledError);
	});

	test('ends a pause that is longer than any timer can last, which does not end at once', async () => {
		const controller = new AbortController();
		const pausing = pause(2 ** 31 + 60_000, controller.signal);
		await new Promise((resolve) => setTimeout(resolve, 50));
		controller.abort();
		await expect(pausing).rejects.toBeInstanceOf(CancelledError);
	});

	test('before work or a pause ends it, and leaves no rejection that nobody handles', async () => {
		const unhandled = jest.fn();
		process.on('unhandledRejection', unhandled);
		try {
			const work = abortable(new Promise<never>(() => {}), AbortSignal.abort());
			await expect(work).rejects.toBeInstanceOf(CancelledError);
			await expect(pause(0, AbortSignal.abort())).rejects.toBeInstanceOf(CancelledError);
			await turn();
		} finally {
			process.off('unhandledRejection', unhandled);
		}
		expect(unhandled).not.toHaveBeenCalled();
	});

	test('leaves results and errors of the work alone while nobody cancels', async () => {
		const { signal } = new AbortController();
		await expect(abortable(Promise.resolve(1), signal)).resolves.toBe(1);
		await expect(abortable(Promise.reject(new Error('own')), signal)).rejects.toThrow('own');
		await expect(abortable(Promise.resolve(2))).resolves.toBe(2);
	});

	test('leaves no listener behind on the signal', async () => {
		const { signal } = new AbortController();
		const add = jest.spyOn(signal, 'addEventListener');
		const remove = jest.spyOn(signal, 'removeEventListener');
		await abortable(Promise.resolve(1), signal);
		expect(add).toHaveBeenCalledTimes(1);
		expect(remove.mock.calls.map(([, listener]) => listener)).toEqual(
			add.mock.calls.map(([, listener]) => listener),
		);
	});
});
