import type { Execution } from '../harness/n8n/api';
import { expectVideos } from '../harness/n8n/media';
import { jsonOf, numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import { workflow } from '../harness/n8n/workflow';

/** From a Create to the Kling Trigger of its workflow, which nobody had to tell its address. */

const TRIGGER = 'When a video ends';

const stage = useStage();

/** The executions that a trigger started, once there are so many, all of them finished. */
async function startedBy(workflowId: string, count: number): Promise<Execution[]> {
	const { api } = stage.n8n;
	return await until(async () => {
		const listed = await api.listExecutions(workflowId);
		const executions = await Promise.all(
			listed
				.filter(({ status }) => status === 'success')
				.map(async ({ id }) => await api.getExecution(id)),
		);
		const started = executions.filter(({ data }) => TRIGGER in data.resultData.runData);
		return started.length >= count ? started : undefined;
	});
}

test('each video starts its workflow once, as the API tells it, with the file', async () => {
	const { emulator, n8n } = stage;
	const json = production('Create, then trigger', numbered(1), { Create: stage.creates() });
	const trigger = stage.trigger({ options: { downloadVideo: true } });
	const { nodes } = workflow('Trigger').node(TRIGGER, trigger).json();
	const { id, start } = await stage.publish({ ...json, nodes: [...json.nodes, ...nodes] });
	const created = await n8n.api.waitForExecution(await start());
	expect(jsonOf(created, n8n, 'Create')).toMatchObject([
		{ callback: 'trigger', callbackUrl: n8n.webhookUrl(`kling/${id}`) },
	]);

	const taskId = emulator.tasks()[0]?.id ?? '';
	const forged = { id: taskId, status: 'completed', output: { urls: ['http://evil/a.mp4'] } };
	expect(await emulator.sendCallback(taskId, { body: forged })).toEqual([200]);
	const unknown = { id: '00000000-0000-4000-8000-000000000000', status: 'completed' };
	expect(await emulator.sendCallback(taskId, { body: unknown })).toEqual([404]);
	expect(await n8n.api.listExecutions(id)).toHaveLength(1);

	await emulator.complete(taskId);
	expect(await emulator.sendCallback(taskId, { times: 20, concurrently: true })).toEqual(
		Array(20).fill(200),
	);
	const [execution] = await startedBy(id, 1);
	const [item] = execution === undefined ? [] : n8n.api.outputOf(execution, TRIGGER);
	expect(item?.json).toMatchObject({
		taskId,
		status: 'completed',
		videoUrl: `${emulator.url}/videos/${taskId}/0.mp4`,
		failure: null,
	});
	await expectVideos(stage, item, taskId, { data: 0 });
	expect(await n8n.api.listExecutions(id)).toHaveLength(2);
});
