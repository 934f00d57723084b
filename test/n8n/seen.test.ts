import {
	chain,
	jsonOf,
	numbered,
	production,
	startedByTrigger,
	TRIGGER,
	withTrigger,
} from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import type { WorkflowJson } from '../harness/n8n/workflow';

const stage = useStage();

const createsWith = (parameters: Record<string, unknown>): WorkflowJson =>
	chain('Create', numbered(1), { Create: stage.creates(parameters) });

async function hintsOf(json: WorkflowJson) {
	const execution = await stage.run(json, 'success');
	const hints = stage.n8n.api.hintsOf(execution, 'Create');
	return hints.map(({ message, type }) => [type ?? 'info', message]);
}

const NOT_PUBLISHED = ['warning', expect.stringMatching(/^No callback: .* not published/)];
const NOTHING_WAITS = ['warning', expect.stringMatching(/^Nothing waits /)];
const NO_CALLBACK = ['info', expect.stringMatching(/^No callback: put Wait for Video /)];
const SPENT = ['info', expect.stringMatching(/^1 video for an estimated 110 credits/)];

describe('a hint says before it is too late', () => {
	test('that the Kling Trigger of a workflow that is not published hears nothing', async () => {
		expect(await hintsOf(withTrigger(createsWith({}), stage.trigger()))).toEqual([
			SPENT,
			NOT_PUBLISHED,
		]);
	});

	test('that nobody waits for the callback to this execution', async () => {
		expect(await hintsOf(createsWith({ callback: 'execution' }))).toEqual([SPENT, NOTHING_WAITS]);
	});

	test('what to do next where there is no callback', async () => {
		expect(await hintsOf(withTrigger(createsWith({ callback: 'none' }), stage.trigger()))).toEqual([
			SPENT,
			NO_CALLBACK,
		]);
		expect(await hintsOf(createsWith({}))).toEqual([SPENT, NO_CALLBACK]);
	});
});

describe('a reference', () => {
	test('comes back from the Kling Trigger with the video of its item', async () => {
		const { emulator, n8n } = stage;
		const json = production('Rows', [{ row: 'row 1' }, { row: 'Zeile „2“ & 3' }], {
			Create: stage.creates({ options: { reference: '={{ $json.row }}' } }),
		});
		const { id, start } = await stage.publish(withTrigger(json, stage.trigger()));
		const created = await n8n.api.waitForExecution(await start(), { status: 'success' });
		const [first, second] = jsonOf(created, n8n, 'Create').map(({ taskId }) => String(taskId));
		await emulator.complete(second ?? '');
		await emulator.fail(first ?? '');
		const results = await triggeredBy(id, 2);
		expect(results).toEqual(
			expect.arrayContaining([
				expect.objectContaining({ taskId: first, status: 'failed', reference: 'row 1' }),
				expect.objectContaining({ taskId: second, reference: 'Zeile „2“ & 3' }),
			]),
		);
	});

	test('is null where Create gave none', async () => {
		const { emulator, n8n } = stage;
		const json = production('No reference', numbered(1), { Create: stage.creates() });
		const { id, start } = await stage.publish(withTrigger(json, stage.trigger()));
		await n8n.api.waitForExecution(await start(), { status: 'success' });
		await emulator.complete(emulator.tasks()[0]?.id ?? '');
		expect(await triggeredBy(id, 1)).toEqual([expect.objectContaining({ reference: null })]);
	});

	test('never gets into the address that resumes an execution', async () => {
		const { emulator, n8n } = stage;
		const json = chain('Sleeps', numbered(1), {
			Create: stage.creates({ options: { reference: 'row 1' } }),
			Wait: stage.kling({ operation: 'wait' }),
		});
		const waiting = await stage.run(json, 'waiting');
		const [task] = emulator.tasks();
		expect(task?.callbackUrl).toContain('/webhook-waiting/');
		expect(task?.callbackUrl).not.toContain('reference');
		await emulator.complete(task?.id ?? '');
		await n8n.api.waitForExecution(waiting.id, { status: 'success' });
	});
});

/** What the Kling Trigger of a workflow passed on in so many executions. */
async function triggeredBy(workflowId: string, count: number) {
	const started = await startedByTrigger(stage.n8n, workflowId, count);
	return started.flatMap((execution) => jsonOf(execution, stage.n8n, TRIGGER));
}
