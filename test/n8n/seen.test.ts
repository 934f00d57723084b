import { jsonOf, production, startedByTrigger, TRIGGER, withTrigger } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const stage = useStage();

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
});

/** What the Kling Trigger of a workflow passed on in so many executions. */
async function triggeredBy(workflowId: string, count: number) {
	const started = await startedByTrigger(stage.n8n, workflowId, count);
	return started.flatMap((execution) => jsonOf(execution, stage.n8n, TRIGGER));
}
