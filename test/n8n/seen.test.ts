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

const stage = useStage();

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
