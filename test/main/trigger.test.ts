import { expectVideos } from '../harness/n8n/media';
import {
	jsonOf,
	numbered,
	production,
	startedByTrigger,
	TRIGGER,
	withTrigger,
} from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

/** From a Create to the Kling Trigger of its workflow, which nobody had to tell its address. */

const stage = useStage();

test('each video starts its workflow once, as the API tells it, with the file', async () => {
	const { emulator, n8n } = stage;
	const json = production('Create, then trigger', numbered(1), { Create: stage.creates() });
	const trigger = stage.trigger({ downloadVideo: true });
	const { id, start } = await stage.publish(withTrigger(json, trigger));
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
	const [execution] = await startedByTrigger(n8n, id, 1);
	const [item] = execution === undefined ? [] : n8n.api.outputOf(execution, TRIGGER);
	const videoUrl = `${emulator.url}/videos/${taskId}/0.mp4`;
	expect(item?.json).toEqual({
		taskId,
		status: 'completed',
		model: 'kling-2.6',
		videoUrl,
		videoUrls: [videoUrl],
		progress: null,
		createdAt: expect.stringMatching(/Z$/),
		completedAt: expect.stringMatching(/Z$/),
		generationSeconds: expect.any(Number),
		failure: null,
		downloadError: null,
		reference: null,
	});
	// Of the forged callback and of the first true one: whoever repeats it is believed without.
	expect(emulator.count({ route: 'getTask', taskId })).toBe(2);
	await expectVideos(stage, item, taskId, { data: 0 });
	expect(await n8n.api.listExecutions(id)).toHaveLength(2);
});
