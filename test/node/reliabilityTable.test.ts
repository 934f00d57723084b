import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Fault } from '../emulator';
import { apiErrorOf } from '../harness/node/errors';
import { useKling } from '../harness/node/kling';
import type { KlingResult } from '../harness/node/runKling';
import { createTask, creditsCharged } from '../harness/node/tasks';
import { clock } from '../harness/node/time';
import { startTlsFront, trustOnly, type TlsFront } from '../harness/tlsFront';

// Some requests have to pass their deadline, one after another.

const { emulator, create } = useKling();

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'reliability.md'), 'utf8');

/** A fault of the API; or it is not there, or behind a TLS that breaks or that nobody trusts. */
type Cause = Fault | 'offline' | 'broken TLS' | 'untrusted';

/** Each row of the table in docs/reliability.md: what happens, and what makes it happen. */
const ROWS: ReadonlyArray<{ what: string; fault: Cause }> = [
	{ what: 'Connection refused, name not resolved', fault: 'offline' },
	{ what: 'Reset before the request was processed', fault: 'reset-before' },
	{ what: 'Reset after the request was processed', fault: 'reset-after' },
	{ what: 'No answer, ever', fault: 'hang-after' },
	{ what: 'TLS breaks after the request was sent', fault: 'broken TLS' },
	{ what: 'The certificate is not accepted', fault: 'untrusted' },
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

let front: TlsFront;

beforeAll(async () => {
	front = await startTlsFront(emulator.current.url);
});

afterAll(async () => await front.stop());

interface Tries {
	result: KlingResult;
	/** How often the request was tried; a text where the number is a matter of chance. */
	count: number | string;
}

/** What goes by its own time and not by the number of tries. */
const UNTIL_GIVEN_UP = 'for five minutes';
const FIVE_MINUTES_MS = 300_000;

/** Runs the node while every request meets the fault. */
async function tries(fault: Cause, route: 'create' | 'getTask', taskId?: string): Promise<Tries> {
	const { apiKey } = emulator.current;
	const run = async (url = emulator.current.url) =>
		await create({ operation: route, taskId }, { emulator: { apiKey, url } });
	// The credits are read, too, after a create that they were too few for.
	const sent = () => emulator.current.count({ route });
	const before = sent();
	clock.pauses.length = 0;
	// What reaches no server is counted by the pauses: each try but the last has one after it.
	if (fault === 'offline') {
		await emulator.current.goOffline();
		const result = await run();
		await emulator.current.goOnline();
		return { result, count: clock.pauses.length + 1 };
	}
	if (fault === 'untrusted') {
		return { result: await run(front.url), count: clock.pauses.length + 1 };
	}
	if (fault === 'broken TLS') {
		front.breakWith('plain text');
		const trust = trustOnly(front.certificate);
		const result = await run(front.url);
		trust.restore();
		return { result, count: sent() - before };
	}
	emulator.current.fault({ match: {}, fault, times: 'always' });
	const result = await run();
	emulator.current.clearFaults();
	const pausedMs = clock.pauses.reduce((sum, ms) => sum + ms, 0);
	return { result, count: pausedMs > FIVE_MINUTES_MS ? UNTIL_GIVEN_UP : sent() - before };
}

async function rowOf({ what, fault }: (typeof ROWS)[number]): Promise<string> {
	clock.shortenFor(fault);
	const created = await tries(fault, 'create');
	const charged = creditsCharged(emulator.current) > 0;
	const { message, description } = apiErrorOf(created.result);
	const unclear = description.includes('may have been charged');
	expect(charged && !unclear).toBe(false);

	const taskId = await createTask(emulator.current);
	const read = await tries(fault, 'getTask', taskId);
	const readError = apiErrorOf(read.result);
	expect(readError.message).toContain(taskId);
	expect(readError.description).not.toMatch(/may have been charged/);
	const said = unclear ? 'unclear, and said so' : 'nothing';
	return `| ${what} | ${created.count} | ${read.count} | ${said} | ${message} |`;
}

test.each(ROWS)('docs/reliability.md tells what is done about: $what', async (row) => {
	const line = await rowOf(row);
	expect(PAGE.split('\n')).toContain(line);
});
