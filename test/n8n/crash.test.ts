import { numbered, production, until } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const EXECUTIONS = 20;

const stage = useStage();
jest.setTimeout(600_000);

test(`${EXECUTIONS} executions sleep through a kill -9 and all complete, each once`, async () => {
	const { emulator, n8n } = stage;
	const { id, start } = await stage.publish(
		production('Survivor', numbered(1), {
			Create: stage.creates(),
			Wait: stage.kling({ operation: 'wait' }),
			After: stage.kling({ operation: 'getCredits' }),
		}),
	);
	for (let started = 0; started < EXECUTIONS; started++) await start();
	await until(async () => {
		const executions = await n8n.api.listExecutions(id);
		return (
			executions.filter(({ status }) => status === 'waiting').length === EXECUTIONS || undefined
		);
	});

	await n8n.kill();
	await n8n.restart();
	const tasks = emulator.tasks();
	expect(tasks).toHaveLength(EXECUTIONS);
	await Promise.all(tasks.map(async (task) => await emulator.complete(task.id)));

	const executions = await until(async () => {
		const listed = await n8n.api.listExecutions(id);
		return listed.every(({ status }) => status === 'success') ? listed : undefined;
	});
	const finished = await Promise.all(
		executions.map(async (execution) => await n8n.api.getExecution(execution.id)),
	);
	const results = finished.map((execution) => {
		expect(execution.data.resultData.runData.Wait).toHaveLength(1);
		expect(execution.data.resultData.runData.After).toHaveLength(1);
		return n8n.api.outputOf(execution, 'Wait')[0]?.json;
	});
	expect(results.map((result) => result?.taskId).sort()).toEqual(tasks.map(({ id }) => id).sort());
	expect(results.every((result) => result?.status === 'completed')).toBe(true);
	expect(emulator.account().totalConsumed).toBe(EXECUTIONS * 110);
	// One read before the wait and one to verify the callback, for each of them, and a first look for
	// those that had slept for some seconds when n8n was killed.
	expect(emulator.count({ route: 'getTask' })).toBeGreaterThanOrEqual(EXECUTIONS * 2);
	expect(emulator.count({ route: 'getTask' })).toBeLessThanOrEqual(EXECUTIONS * 3);
});
