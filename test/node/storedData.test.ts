import { createRunExecutionData, type IDataObject } from 'n8n-workflow';
import { createHash } from 'node:crypto';

import { parseSuspended } from '../../nodes/Kling/waiting/suspend';
import { useEmulator } from '../harness/node/emulator';
import { runKling } from '../harness/node/runKling';
import { createTask } from '../harness/node/tasks';
import type * as Time from '../harness/node/time';

jest.mock('n8n-workflow', () =>
	jest.requireActual<typeof Time>('../harness/node/time').skipPauses(),
);

/**
 * What version 0.1.0 of the package stored with executions. These names and shapes are in users'
 * databases: they are written out here rather than built by the code that reads them.
 */

const emulator = useEmulator();

const RESUME_URL = 'https://n8n.example.com/webhook-waiting/42';
const TASK_ID = '54debc04-6f7a-4e9d-a0cc-1082435ebc37';

/** The run data of an execution whose nodes have left this behind. */
function stored(contexts: { node?: IDataObject; flow?: IDataObject }) {
	const { node = {}, flow = {} } = contexts;
	return createRunExecutionData({ executionData: { contextData: { 'node:Kling': node, flow } } });
}

describe('klingCreated', () => {
	const fingerprint = (prompt: string, imageUrl: string) =>
		createHash('sha256')
			.update(JSON.stringify([prompt, [imageUrl], 5, false]))
			.digest('hex');

	/** The second try of a Create of two items, the first of which is as stored. */
	async function createAgain(entry: IDataObject) {
		const { current } = emulator;
		const first = {
			request: fingerprint('First', current.imageUrl()),
			executionId: '42',
			callback: 'none',
			...entry,
		};
		return await runKling({
			emulator: current,
			parameters: {
				operation: 'create',
				prompt: '={{ $json.prompt }}',
				imageUrls: current.imageUrl(),
				callback: 'none',
			},
			items: [{ prompt: 'First' }, { prompt: 'Second' }],
			onError: 'continueRegularOutput',
			runData: stored({ node: { klingCreated: { runIndex: 0, items: { '0': first } } } }),
		});
	}

	test('a task that an earlier try has created is not created again', async () => {
		const { json } = await createAgain({ taskId: TASK_ID });
		expect(emulator.current.tasks()).toMatchObject([{ prompt: 'Second' }]);
		expect(json).toMatchObject([
			{ taskId: TASK_ID, callback: 'none' },
			{ taskId: emulator.current.tasks()[0]?.id },
		]);
	});

	test('a create whose outcome is unclear is not sent again', async () => {
		const { json } = await createAgain({ taskId: null });
		expect(emulator.current.tasks()).toMatchObject([{ prompt: 'Second' }]);
		expect(json[0]).toMatchObject({ error: expect.stringMatching(/may have been/) });
	});
});

describe('klingCallbacks', () => {
	test('a Wait sleeps for a task that is known to call this execution back', async () => {
		const { current } = emulator;
		const taskId = await createTask(current);
		const runData = stored({ flow: { klingCallbacks: { [RESUME_URL]: [taskId] } } });
		// As in an execution that an older n8n began: without the token that newer ones add to the URL.
		delete runData.resumeToken;
		const { waitTill, error } = await runKling({
			emulator: current,
			parameters: { operation: 'wait', taskId: '={{ $json.taskId }}' },
			items: [{ taskId }],
			runData,
		});
		expect(error).toBeNull();
		expect(waitTill).toBeInstanceOf(Date);
	});
});

describe('klingSuspended', () => {
	const extras = {
		estimatedCredits: 110,
		duration: 5,
		sound: false,
		callback: 'execution',
		callbackUrl: RESUME_URL,
	};
	const waiting = { taskId: TASK_ID, extras, simplify: true, downloadField: null };
	const downloads = { taskId: TASK_ID, extras: {}, simplify: false, downloadField: 'data' };
	const refused = {
		settled: {
			error: 'The AI Video API did not accept the request',
			details: { description: 'Nothing was charged.', httpCode: '400', taskId: null },
		},
	};
	const finished = {
		settled: { taskId: TASK_ID, status: 'completed', timedOut: false },
		binary: { data: { mimeType: 'video/mp4', data: 'filesystem-v2', id: 'filesystem-v2:1' } },
	};

	test('tasks to wait for, and items that were settled before, are read as they were stored', () => {
		const items = [waiting, refused, finished, downloads];
		expect(parseSuspended({ klingSuspended: { items } })?.items).toEqual(items);
	});

	test('a node that has stored nothing of the kind waits for nothing', () => {
		expect(parseSuspended({})).toBeNull();
		expect(parseSuspended({ klingCreated: { runIndex: 0, items: {} } })).toBeNull();
	});
});
