import { isFinished } from '../harness/n8n/api';
import { workflow, type NodeSpec, type WorkflowJson } from '../harness/n8n/workflow';
import { chain, jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const stage = useStage();

const createsWith = (parameters: Record<string, unknown>): WorkflowJson =>
	chain('Create', numbered(1), { Create: stage.creates(parameters) });

function withTrigger(json: WorkflowJson, trigger: NodeSpec = stage.trigger()): WorkflowJson {
	const { nodes } = workflow(json.name).node('When a video ends', trigger).json();
	return { ...json, nodes: [...json.nodes, ...nodes] };
}

async function hintsOf(json: WorkflowJson) {
	const execution = await stage.run(json, 'success');
	const hints = stage.n8n.api.hintsOf(execution, 'Create');
	return hints.map(({ message, type }) => [type ?? 'info', message]);
}

test('what comes next after a Create stands above its output', async () => {
	const hints = await hintsOf(withTrigger(createsWith({})));
	expect(hints).toContainEqual([
		'warning',
		expect.stringMatching(/^No callback: .* not published/),
	]);
	expect(await hintsOf(createsWith({ callback: 'execution' }))).toContainEqual([
		'warning',
		expect.stringMatching(/^Nothing waits /),
	]);
	expect(await hintsOf(createsWith({ callback: 'none' }))).toContainEqual([
		'info',
		expect.stringMatching(/^No callback: put Wait for Video /),
	]);
});

test('an execution that sleeps names what it waits for in its custom data', async () => {
	const { emulator, n8n } = stage;
	const json = chain('Sleeps', numbered(2), {
		Create: stage.creates(),
		Wait: stage.kling({ operation: 'wait' }),
	});
	const waiting = await stage.run(json, 'waiting');
	const ids = emulator.tasks().map(({ id }) => id);
	const { customData } = await n8n.api.getExecution(waiting.id);
	expect(customData?.klingTasks?.split(', ').sort()).toEqual([...ids].sort());
});

describe('a reference', () => {
	test('comes back from the Kling Trigger with the video of its item', async () => {
		const { emulator, n8n } = stage;
		const json = production('Rows', [{ row: 'row 1' }, { row: 'Zeile „2“ & 3' }], {
			Create: stage.creates({ options: { reference: '={{ $json.row }}' } }),
		});
		const { id, start } = await stage.publish(withTrigger(json));
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
		const { id, start } = await stage.publish(withTrigger(json));
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
	return await until(async () => {
		const { api } = stage.n8n;
		const ended = (await api.listExecutions(workflowId)).filter(({ status }) => isFinished(status));
		const executions = await Promise.all(ended.map(async ({ id }) => await api.getExecution(id)));
		const started = executions.filter(({ data }) => 'When a video ends' in data.resultData.runData);
		if (started.length < count) return undefined;
		return started.flatMap((execution) => jsonOf(execution, stage.n8n, 'When a video ends'));
	});
}
