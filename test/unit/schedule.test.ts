import type { INode } from 'n8n-workflow';
import fc from 'fast-check';

import { openLimit, pause } from '../../nodes/Kling/n8n/async';
import { readNodeContext } from '../../nodes/Kling/n8n/execution';
import { quoteInExpression } from '../../nodes/Kling/n8n/workflow';
import { gapBeforeLook, gapBeforeTry, netAfterMs } from '../../nodes/Kling/waiting/schedule';

const MINUTE_MS = 60_000;

test('looks come within ten seconds, then after about 1, 2, 4 and 8 minutes', () => {
	const gaps = [0, 1, 2, 3, 4].map((looks) => gapBeforeLook(looks, 0.5) / MINUTE_MS);
	expect(gaps.map((minutes) => Math.round(minutes))).toEqual([0, 1, 2, 4, 8]);
	expect(gapBeforeLook(0, 1)).toBeLessThan(10_000);
});

test('at most four looks fall into the first ten minutes', () => {
	fc.assert(
		fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (random) => {
			let at = 0;
			let looks = 0;
			while ((at += gapBeforeLook(looks, random)) <= 10 * MINUTE_MS) looks += 1;
			expect(looks).toBeLessThanOrEqual(4);
		}),
	);
});

test('tries after a fault grow to a minute, and never come before Retry-After', () => {
	const gaps = [1, 2, 3, 4, 10].map((faults) => gapBeforeTry(faults, 0, null));
	expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000, MINUTE_MS]);
	expect(gapBeforeTry(1, 0, 90_000)).toBe(90_000);
});

test('n8n cannot have armed its own timer when the time is over and the last reading is made', () => {
	const armedAheadMs = 70_000;
	expect(netAfterMs(false)).toBeGreaterThanOrEqual(armedAheadMs + 5_000);
	expect(netAfterMs(true)).toBeGreaterThan(netAfterMs(false));
});

test('a text in an expression never holds two braces in a row, and means the same', () => {
	fc.assert(
		fc.property(fc.string(), (text) => {
			const quoted = quoteInExpression(`{{${text}}}`);
			expect(quoted).not.toMatch(/[{}]/);
			expect(JSON.parse(quoted)).toBe(`{{${text}}}`);
		}),
	);
});

test('a pause longer than any timer can last does not end at once', async () => {
	const abort = new AbortController();
	const ended = pause(2 ** 31 + 60_000, abort.signal).then(
		() => 'at once',
		() => 'when it was cancelled',
	);
	await new Promise((resolve) => setTimeout(resolve, 50));
	abort.abort();
	expect(await ended).toBe('when it was cancelled');
});

test('no more than so many pieces of work run at once, and all of them run', async () => {
	const limit = openLimit(2);
	let running = 0;
	let most = 0;
	const results = await Promise.all(
		[1, 2, 3, 4, 5].map(
			async (number) =>
				await limit(async () => {
					most = Math.max(most, (running += 1));
					await Promise.resolve();
					running -= 1;
					return number;
				}),
		),
	);
	expect(results).toEqual([1, 2, 3, 4, 5]);
	expect(most).toBe(2);
});

describe('what a node has stored with its execution', () => {
	const node: INode = {
		id: '1',
		name: 'Kling "2"',
		type: '',
		typeVersion: 1,
		position: [0, 0],
		parameters: {},
	};
	const stored = { some: 'thing' };
	const called = (runExecutionData?: unknown) => {
		const expressions: string[] = [];
		const context = {
			getNode: () => node,
			evaluateExpression: (expression: string) => {
				expressions.push(expression);
				return stored;
			},
			runExecutionData,
		};
		return { context, expressions };
	};

	test('is taken from the data that n8n’s context carries, without its sandbox', () => {
		const { context, expressions } = called({
			executionData: { contextData: { 'node:Kling "2"': stored, 'node:Other': {} } },
		});
		expect(readNodeContext(context)).toBe(stored);
		expect(expressions).toEqual([]);
	});

	test('is asked for by an expression where n8n’s context carries nothing', () => {
		const { context, expressions } = called();
		expect(readNodeContext(context)).toBe(stored);
		expect(expressions).toEqual(['{{ $node["Kling \\"2\\""].context }}']);
	});

	test('is undefined for a node that has stored nothing', () => {
		const { context } = called({ executionData: { contextData: {} } });
		expect(readNodeContext(context)).toBeUndefined();
	});
});
