import { jsonOf, suspend } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

/** What comes out of a sleeping wait when its time is over. */

const stage = useStage();

describe('when the time is over', () => {
	test('with Execute Once, one item comes out', async () => {
		const { n8n } = stage;
		const { id, taskIds } = await suspend(stage, 'Once', {
			count: 3,
			parameters: { timeout: 0.05 },
			settings: { executeOnce: true },
		});
		expect(taskIds).toHaveLength(1);
		const done = await n8n.api.waitForExecution(id, { status: 'success' });
		expect(jsonOf(done, n8n, 'Once')).toMatchObject([{ taskId: taskIds[0], timedOut: true }]);
	});

	test('and the process is gone, n8n’s own timer passes on what was known, one item each', async () => {
		const { emulator, n8n } = stage;
		const { id, taskIds } = await suspend(stage, 'Net', {
			count: 2,
			parameters: { prompt: 'A cat [callback:lost]', timeout: 0.02 },
			settings: { executeOnce: true },
		});
		await n8n.kill();
		await n8n.restart();
		await emulator.complete(taskIds[0] ?? '');
		expect((await n8n.api.getExecution(id)).status).toBe('waiting');
		const done = await n8n.api.waitForExecution(id, { status: 'success', timeoutMs: 200_000 });
		expect(jsonOf(done, n8n, 'Net')).toHaveLength(1);
		expect(jsonOf(done, n8n, 'Net')).toMatchObject([{ taskId: taskIds[0] }]);
	});
});
