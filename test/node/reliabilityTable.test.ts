import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Emulator, Fault } from '../emulator';
import type * as Time from '../harness/node/time';
import { useEmulator } from '../harness/node/emulator';
import { apiErrorOf } from '../harness/node/errors';
import { runKling } from '../harness/node/runKling';
import { createTask, creditsCharged } from '../harness/node/tasks';
import { clock } from '../harness/node/time';

jest.mock('n8n-workflow', () =>
	jest.requireActual<typeof Time>('../harness/node/time').skipPauses(),
);

const emulator = useEmulator();

const README = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8');

/** Each row of the README's table: what happens, and the fault that makes it happen. */
const ROWS: ReadonlyArray<{ what: string; fault: Fault | 'offline' }> = [
	{ what: 'Connection refused, name not resolved', fault: 'offline' },
	{ what: 'Reset before the request was processed', fault: 'reset-before' },
	{ what: 'Reset after the request was processed', fault: 'reset-after' },
	{ what: 'No answer, ever', fault: 'hang-after' },
	{
		what: 'An answer that drips in too slowly',
		fault: { drip: { intervalMs: 100 }, when: 'after' },
	},
	{ what: 'Body cut off, empty, or no JSON', fault: 'cut-body' },
	{ what: 'A web page instead of JSON', fault: 'html-after' },
	{ what: 'Success without a task id', fault: 'no-task-id-after' },
	{ what: 'A redirect', fault: 'redirect' },
	{ what: '400 `invalid_request`', fault: 'http:400' },
	{ what: '401 `invalid_api_key`', fault: 'http:401' },
	{ what: '402 `insufficient_credits`', fault: 'http:402' },
	{ what: '403 `ip_not_allowed`', fault: 'http:403' },
	{ what: '429 `rate_limit_exceeded`', fault: 'http:429-rate' },
	{ what: '429 `spend_limit_exceeded`', fault: 'http:429-spend' },
	{ what: '500 `internal_error`', fault: 'http:500' },
	{ what: '503 `upstream_error`', fault: 'http:503' },
];

/** Has every request meet the fault while `work` runs, and counts how often one was tried. */
async function tries<T>(fault: Fault | 'offline', work: () => Promise<T>): Promise<[T, number]> {
	if (fault === 'offline') await emulator.current.goOffline();
	else emulator.current.fault({ match: {}, fault, times: 'always' });
	const before = emulator.current.count();
	const result = await work();
	// A refused connection reaches no server that could count it: each try but the last is paused after.
	const count = fault === 'offline' ? clock.pauses.length + 1 : emulator.current.count() - before;
	if (fault === 'offline') await emulator.current.goOnline();
	emulator.current.clearFaults();
	return [result, count];
}

const creation = (current: Emulator) => ({
	operation: 'create',
	prompt: 'A cat turns its head',
	imageUrls: current.imageUrl(),
	callback: 'none',
});

async function rowOf({ what, fault }: (typeof ROWS)[number]): Promise<string> {
	clock.shortDeadlines = true;
	const [created, creates] = await tries(
		fault,
		async () =>
			await runKling({ emulator: emulator.current, parameters: creation(emulator.current) }),
	);
	const charged = creditsCharged(emulator.current) > 0;
	const unclear = apiErrorOf(created).description.includes('may have been charged');
	expect(charged && !unclear).toBe(false);

	clock.pauses.length = 0;
	const taskId = await createTask(emulator.current);
	const [read, reads] = await tries(
		fault,
		async () =>
			await runKling({ emulator: emulator.current, parameters: { operation: 'getTask', taskId } }),
	);
	expect(apiErrorOf(read).message).toContain(taskId);
	const { message } = apiErrorOf(created);
	return `| ${what} | ${creates} | ${reads} | ${unclear ? 'unclear, and said so' : 'nothing'} | ${message} |`;
}

test.each(ROWS)('the README tells what is done about: $what', async (row) => {
	const line = await rowOf(row);
	expect(README.split('\n')).toContain(line);
});
