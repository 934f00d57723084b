import { manualTrigger, workflow } from '../harness/n8n/workflow';
import { jsonOf } from '../harness/n8n/stage';
import { useQueueStage } from '../harness/queue/stage';

const stage = useQueueStage({ env: { OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true' } });
jest.setTimeout(600_000);

test('a manual run on a worker finds the trigger while its workflow is published, and else spends nothing', async () => {
	const { emulator, n8n } = stage;
	const json = workflow('By hand')
		.node('Start', manualTrigger())
		.node('Create', stage.creates({ callback: 'trigger' }))
		.node('When a video ends', stage.trigger())
		.chain('Start', 'Create')
		.json();
	const { id } = await n8n.api.createWorkflow(json);
	const byHand = async () => await n8n.api.runWorkflow(id, { startNode: 'Start' });
	const refused = await n8n.api.waitForExecution(await byHand(), { status: 'error' });
	expect(n8n.api.errorOf(refused, 'Create')?.message).toContain('not published');
	expect(emulator.tasks()).toEqual([]);
	await n8n.api.activate(id);
	const executionId = await byHand();
	const created = await n8n.api.waitForExecution(executionId, { status: 'success' });
	expect(n8n.ranOn(executionId)).toHaveLength(1);
	expect(jsonOf(created, n8n, 'Create')).toMatchObject([
		{ callback: 'trigger', callbackUrl: n8n.webhookUrl(`kling/${id}`) },
	]);
});
