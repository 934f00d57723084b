import { startN8n, type N8nInstance } from '../harness/n8n/instance';
import { code, manualTrigger, noOp, set, webhook, workflow } from '../harness/n8n/workflow';

jest.setTimeout(300_000);

let n8n: N8nInstance;

beforeAll(async () => {
	n8n = await startN8n();
});

afterAll(async () => {
	await n8n.stop();
});

async function call(path: string, body: unknown): Promise<unknown> {
	const response = await fetch(n8n.webhookUrl(path), {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	return await response.json();
}

test('a workflow answers its webhook, and outlives a kill', async () => {
	const { id } = await n8n.api.createWorkflow(
		workflow('Greeting')
			.node('Webhook', webhook('greeting', { respond: 'lastNode' }))
			.node('Greet', set({ greeting: '={{ "Hello " + $json.body.name }}' }))
			.chain('Webhook', 'Greet')
			.json(),
	);
	await n8n.api.activate(id);
	expect(await call('greeting', { name: 'Ada' })).toMatchObject({ greeting: 'Hello Ada' });

	const [summary] = await n8n.api.listExecutions(id);
	const execution = await n8n.api.waitForExecution(summary?.id ?? '', { status: 'success' });
	const [item] = n8n.api.outputOf(execution, 'Greet');
	expect(item?.json).toMatchObject({ greeting: 'Hello Ada', body: { name: 'Ada' } });
	expect(n8n.api.errorOf(execution, 'Greet')).toBeUndefined();

	await n8n.kill();
	await expect(call('greeting', {})).rejects.toThrow();
	await n8n.restart();
	expect(await call('greeting', { name: 'Bob' })).toMatchObject({ greeting: 'Hello Bob' });
	expect(n8n.log().match(/Editor is now accessible/g)).toHaveLength(2);

	await n8n.api.deactivate(id);
	await n8n.api.deleteWorkflow(id);
	expect(await n8n.api.listExecutions(id)).toEqual([]);
});

test('manual executions, errors and retries', async () => {
	const { id } = await n8n.api.createWorkflow(
		workflow('Failing')
			.node('Start', manualTrigger())
			.node('Fail', code('throw new Error("as asked")'))
			.node('End', noOp())
			.chain('Start', 'Fail', 'End')
			.json(),
	);
	const executionId = await n8n.api.runWorkflow(id);
	const failed = await n8n.api.waitForExecution(executionId, { status: 'error' });
	expect(n8n.api.errorOf(failed, 'Fail')?.message).toContain('as asked');
	expect(() => n8n.api.outputOf(failed, 'End')).toThrow('“End” did not run');
	await expect(n8n.api.waitForExecution(executionId, { status: 'success' })).rejects.toThrow(
		'ended as “error”',
	);

	await n8n.api.updateWorkflow(id, {
		...workflow('Mended').node('Start', manualTrigger()).json(),
	});
	const again = await n8n.api.runWorkflow(id);
	await n8n.api.waitForExecution(again, { status: 'success' });
});

test('knows the node types and the memory it takes', async () => {
	const names = (await n8n.api.nodeTypes()).map((type) => type.name);
	expect(names).toContain('n8n-nodes-base.webhook');
	const megabytes = (await n8n.rssBytes()) / 2 ** 20;
	expect(megabytes).toBeGreaterThan(100);
	expect(megabytes).toBeLessThan(2_000);
});

test('says why n8n did not start', async () => {
	await expect(
		startN8n({
			env: {
				N8N_ENCRYPTION_KEY: '',
				DB_TYPE: 'postgresdb',
				DB_POSTGRESDB_PORT: '1',
				DB_STARTUP_CONNECT_MAX_RETRIES: '0',
			},
		}),
	).rejects.toThrow(/n8n ended with[\s\S]*ECONNREFUSED/);
});
