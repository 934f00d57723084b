import type { IDataObject, IExecuteFunctions, WorkflowExecuteMode } from 'n8n-workflow';

import { type ApiFailure, Refusal, Unreached } from '../../nodes/Kling/api/failure';
import type { Journal } from '../../nodes/Kling/creating/journal';
import { CancelledError } from '../../nodes/Kling/n8n/async';
import { type Operation, runOperation } from '../../nodes/Kling/operations/run';
import { type ItemOutcome, VideoFailed } from '../../nodes/Kling/result/item';
import { failure, fakeClient, klingNode, requestFor, TASK_ID } from '../harness/node/builders';
import { standIn } from '../harness/standIn';

const good: ItemOutcome = { json: { taskId: TASK_ID } };
const refusal = new Refusal("'Prompt' is empty", 'Write.');
const failedVideo = new VideoFailed(TASK_ID, { code: 'upstream_error', message: 'Too dark' });

interface Surroundings {
	continues?: boolean;
	asTool?: boolean;
	store?: IDataObject;
	runIndex?: number;
	mode?: WorkflowExecuteMode;
}

/** Runs an operation that gives this, for so many items, in an execution that n8n makes up. */
async function run(
	operation: Operation,
	{
		continues = false,
		asTool = false,
		store = {},
		runIndex = 0,
		mode = 'trigger',
	}: Surroundings = {},
) {
	const warnings: string[] = [];
	const context = standIn<IExecuteFunctions>({
		getNode: () => klingNode(),
		getNodeParameter: () => 'create',
		getInputData: () => [{ json: {} }, { json: {} }],
		getExecutionId: () => '42',
		getMode: () => mode,
		getExecutionCancelSignal: () => undefined,
		getWorkflow: () => ({ id: 'w1' }),
		getWorkflowDataProxy: () => ({ $runIndex: runIndex }),
		getContext: () => store,
		continueOnFail: () => continues,
		isToolExecution: () => asTool,
		logger: { info: () => {}, warn: (text: string) => void warnings.push(text) },
	});
	const output = await runOperation(context, operation).catch((thrown: unknown) => thrown);
	return { output, warnings };
}

const gives = (outcomes: ItemOutcome[]) => async () => await Promise.resolve(outcomes);

/** Creates the task of the first item, as the rooms below do. */
async function payFor(journal: Journal, outcome: string | ApiFailure = TASK_ID): Promise<void> {
	const client = fakeClient({ create: async () => await Promise.resolve(outcome) });
	await journal.create(0, requestFor('A cat'), client);
}

describe('a run', () => {
	test('ends with the first item that really failed, not with one that was not come to', async () => {
		const { output } = await run(gives([new Unreached(), refusal]));
		expect(output).toMatchObject({
			message: "'Prompt' is empty [item 1]",
			description:
				'Nothing was spent in this run. Write. To make the other videos all the same, set On Error to Continue in the settings of this node. Items are counted from 0.',
		});
	});

	test('that every item keeps from starting does not speak of other items', async () => {
		const { output } = await run(gives([refusal, refusal]));
		expect(output).toMatchObject({ description: 'Nothing was spent in this run. Write.' });
	});

	test.each([{ continues: true }, { asTool: true }])(
		'passes failed items on with the others: %j',
		async (surroundings) => {
			const { output } = await run(gives([refusal, good]), surroundings);
			expect(output).toMatchObject([
				[{ json: { error: expect.stringContaining("'Prompt' is empty") } }, { json: good.json }],
			]);
		},
	);

	test('whose execution sleeps gives nothing that could be taken for an output', async () => {
		expect((await run(async () => await Promise.resolve(null))).output).toEqual([[]]);
	});

	test.each([
		['again while its execution sleeps does nothing', 0, [[]]],
		['for the next turn of a loop is a run of its own', 1, [[good]]],
	])('that n8n calls %s', async (_, runIndex, output) => {
		const wait = { runIndex: 0, timeoutAt: 0, n8nTimerAt: 0, items: [] };
		const store = { klingSuspended: { executionId: '42', ...wait } };
		expect((await run(gives([good]), { store, runIndex })).output).toMatchObject(output);
	});

	test('that cannot be as a whole fails each item, with the task that is paid for it', async () => {
		const { output } = await run(
			async (_, journal) => {
				await payFor(journal);
				return refusal;
			},
			{ continues: true },
		);
		expect(output).toMatchObject([
			[{ json: { details: { taskId: TASK_ID } } }, { json: { details: { taskId: null } } }],
		]);
	});

	test('that nobody foresaw to fail names the tasks that it has paid for', async () => {
		const { output } = await run(async (_, journal) => {
			await payFor(journal);
			throw new TypeError('bug');
		});
		expect(output).toMatchObject({
			message: 'bug (1 of 2 videos was already created)',
			description: expect.stringContaining(`The task created so far: ${TASK_ID}.`),
		});
	});

	test.each([
		['trigger', 'use Retry'],
		['integrated', 'give these task IDs to Wait for Video'],
	] as const)('started by %s advises to %s', async (mode, advice) => {
		const paysAndEnds: Operation = async (_, journal) => {
			await payFor(journal);
			return [good, refusal];
		};
		const { output } = await run(paysAndEnds, { mode });
		const description = expect.stringContaining(`To go on without paying again, ${advice}`);
		expect(output).toMatchObject({ description });
	});

	test('names what may have been charged, though an item before it was refused', async () => {
		const refused = failure({ status: 402, code: 'insufficient_credits' });
		const { output } = await run(gives([refused, failure({ status: 500 })]));
		expect(output).toMatchObject({ message: expect.stringContaining('may have been charged') });
	});

	test('says nothing of money where the API’s refusal says it itself', async () => {
		const { output } = await run(gives([failure({ status: 401, code: 'invalid_api_key' })]));
		expect(output).toMatchObject({ description: expect.not.stringContaining('Nothing was spent') });
	});

	test('that may have paid never says that nothing was spent', async () => {
		const unclear = failure({ status: 500 });
		const { output } = await run(async (_, journal) => {
			await payFor(journal, unclear);
			return [unclear];
		});
		expect(output).toMatchObject({ description: expect.not.stringContaining('Nothing was spent') });
	});

	test('that is cancelled stays cancelled, and its tasks are in the log', async () => {
		const { output, warnings } = await run(
			async (_, journal) => {
				await payFor(journal);
				throw new CancelledError();
			},
			{ continues: true },
		);
		expect(output).toBeInstanceOf(CancelledError);
		expect(warnings).toEqual([
			expect.stringContaining(`Cancelled after creating Kling videos: ${TASK_ID} (`),
		]);
	});

	test('that ended with a video whose credits came back has neither spent nor created', async () => {
		const store: IDataObject = {};
		const { output } = await run(
			async (_, journal) => {
				await payFor(journal);
				return [failedVideo];
			},
			{ store },
		);
		expect(output).toMatchObject({
			message: `Task ${TASK_ID} did not produce a video: Too dark (upstream_error)`,
		});
		expect(store['klingCreated']).toMatchObject([{ isRefunded: true }]);
	});
});
