import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

import { openDeliveries } from '../../nodes/Kling/webhooks/deliveries';
import { standIn } from '../harness/standIn';

let workflows = 0;

/** A trigger whose calls each get a copy of their own of what n8n has stored, the last one written whole. */
function trigger() {
	const id = `workflow ${(workflows += 1)}`;
	let stored: IDataObject = {};
	const call = () => {
		const copy = { ...stored };
		const context = standIn<IWebhookFunctions>({
			getWorkflowStaticData: () => copy,
			getWorkflow: () => ({ id }),
			getNode: () => ({ id: 'trigger' }),
			getRequestObject: () => ({ originalUrl: '/' }),
		});
		return { deliveries: openDeliveries(context), write: () => (stored = copy) };
	};
	return { call, stored: () => stored, forget: () => (stored = {}) };
}

/** As an API may count: different at the end alone. */
const taskId = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;

const SHORT = expect.stringMatching(/^[\w-]{12}$/);

test('ten calls at the same moment, each with its own stale copy, lose none', () => {
	const { call, stored } = trigger();
	const calls = Array.from({ length: 10 }, call);
	for (const [index, { deliveries }] of calls.entries()) deliveries.add(taskId(index));
	for (const { write } of calls) write();
	expect(stored()['klingDelivered']).toHaveLength(10);
});

test('what n8n stores is what is known after a restart, so it is a new list each time', () => {
	const { call, stored } = trigger();
	const first = call();
	first.deliveries.add(taskId(1));
	first.write();
	const before = stored()['klingDelivered'];
	const second = call();
	second.deliveries.add(taskId(2));
	second.write();
	// n8n notices only another array.
	expect(stored()['klingDelivered']).not.toBe(before);
	expect(stored()['klingDelivered']).toEqual([SHORT, SHORT]);
	expect([1, 2, 3].map((number) => call().deliveries.has(taskId(number)))).toEqual([
		true,
		true,
		false,
	]);
});

test('what another process has written over is noted once more', () => {
	const { call, stored, forget } = trigger();
	const first = call();
	first.deliveries.add(taskId(1));
	first.write();
	forget();
	const again = call();
	expect(again.deliveries.complete()).toBe(true);
	again.write();
	expect(stored()['klingDelivered']).toEqual([SHORT]);
	expect(call().deliveries.complete()).toBe(false);
});

test('a start that fetches files is under way, also for another process, until it is done or was cut off', async () => {
	const { call, stored } = trigger();
	const first = call();
	first.deliveries.start(taskId(1));
	first.write();
	expect(stored()['klingDelivered']).toEqual([expect.stringMatching(/^.{12}@\d+$/)]);
	const { deliveries } = call();
	expect([deliveries.has(taskId(1)), deliveries.isStarting(taskId(1))]).toEqual([false, true]);
	jest.useFakeTimers({ now: Date.now() + 12 * 60_000 });
	expect([deliveries.has(taskId(1)), deliveries.isStarting(taskId(1))]).toEqual([false, false]);
	jest.useRealTimers();
	deliveries.add(taskId(1));
	expect([deliveries.has(taskId(1)), deliveries.isStarting(taskId(1))]).toEqual([true, false]);
});

test('another trigger knows nothing of them', () => {
	trigger().call().deliveries.add(taskId(1));
	expect(trigger().call().deliveries.has(taskId(1))).toBe(false);
});

test('the last 5,000 are remembered, the oldest forgotten first', () => {
	const { call } = trigger();
	const { deliveries } = call();
	for (let number = 0; number < 5_001; number++) deliveries.add(taskId(number));
	expect(deliveries.has(taskId(0))).toBe(false);
	expect(deliveries.has(taskId(1))).toBe(true);
	expect(deliveries.has(taskId(5_000))).toBe(true);
});
