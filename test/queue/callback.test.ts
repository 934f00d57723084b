import { manualTrigger, workflow } from '../harness/n8n/workflow';
import { jsonOf, numbered, production } from '../harness/n8n/stage';
import { callbackStatuses, useQueueStage } from '../harness/queue/stage';

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

/** The database refuses the first execution that n8n wants to go on with. A sequence counts refused ones, too. */
const REFUSE_ONCE = `
	CREATE SEQUENCE refused;
	CREATE FUNCTION refuse_once() RETURNS trigger AS $$
	BEGIN
		IF nextval('refused') = 1 THEN RAISE EXCEPTION 'refused once'; END IF;
		RETURN NEW;
	END $$ LANGUAGE plpgsql;
	CREATE TRIGGER refuse_once BEFORE UPDATE ON execution_entity
	FOR EACH ROW WHEN (NEW.status = 'running') EXECUTE FUNCTION refuse_once()`;

test('a resume that the database refuses is made up for by the next look of the worker', async () => {
	const { emulator, n8n } = stage;
	const parameters = { operation: 'createAndWait', timeout: 10 };
	const json = production('Refused', numbered(1), { Kling: stage.creates(parameters) });
	const { start } = await stage.publish(json);
	const id = await start();
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	await n8n.sql(REFUSE_ONCE);
	const [{ id: taskId } = { id: '' }] = emulator.tasks();
	await emulator.complete(taskId);
	const done = await n8n.api.waitForExecution(id, { status: 'success' });
	await n8n.sql('DROP TRIGGER refuse_once ON execution_entity');
	expect(jsonOf(done, n8n, 'Kling')).toMatchObject([{ status: 'completed', timedOut: false }]);
	expect(callbackStatuses(emulator.task(taskId))).toEqual([200]);
});
