import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Execution } from '../harness/n8n/api';
import { chain, jsonOf, numbered, openStage, production, type Stage } from '../harness/n8n/stage';
import { useOpened } from '../harness/n8n/useStage';
import { RETRIES, type NodeSettings, type NodeSpec } from '../harness/n8n/workflow';

/** Each video is paid once, whatever makes n8n run the node again; the ledger is the judge. */

/** Nothing else looks like it, so that it can be searched for. */
const SECRET = '7Qv3-recognisable-2mZx';
const KEY = `sk-${SECRET}`;
const BALANCE = 10_000;
const PRICE = 110;

let credential = '';
const stage = useOpened(async (): Promise<Stage> => {
	const opened = await openStage({ n8n: { env: { N8N_LOG_LEVEL: 'debug' } } });
	credential = await opened.n8n.api.createCredential({
		name: 'AI Video API',
		type: 'aiVideoApi',
		data: { apiKey: KEY, baseUrl: opened.emulator.url },
	});
	return opened;
});

beforeEach(() => stage.emulator.setBalance(KEY, BALANCE));

const NUMBER = '=Number {{ $json.number }}';

function creates(prompt: string, settings: NodeSettings = {}, options = {}): NodeSpec {
	return {
		...stage.creates({ callback: 'none', prompt, options }, settings),
		credentials: { aiVideoApi: { id: credential, name: 'AI Video API' } },
	};
}

const creations = () => stage.emulator.count({ route: 'create' });

/** These items were created and charged once each, in this order. */
function expectPaid(...numbers: number[]): void {
	const { emulator } = stage;
	const paid = emulator.tasks().map(({ prompt }) => Number(/^Number (\d+)/.exec(prompt)?.[1]));
	expect(paid).toEqual(numbers);
	expect(BALANCE - emulator.account(KEY).balance).toBe(PRICE * numbers.length);
}

/** The tasks that exist, in order of creation. */
const taskIds = () => stage.emulator.tasks().map(({ id }) => id);

const idsOf = (execution: Execution) =>
	jsonOf(execution, stage.n8n, 'Kling').map(({ taskId }) => taskId);

test('Retry On Fail pays once for each item, though every request changes', async () => {
	stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 2 });
	const node = creates(`${NUMBER} at {{ $now.toMillis() }}`, RETRIES);
	const execution = await stage.run(chain('Tried again', numbered(4), { Kling: node }));
	expectPaid(0, 1, 2, 3);
	expect(idsOf(execution)).toEqual(taskIds());
	expect(creations()).toBe(5);
});

test('Retry On Fail never sends again what may have been charged', async () => {
	stage.emulator.fault({ match: { method: 'POST' }, fault: 'reset-after', times: 'always' });
	const node = creates(NUMBER, RETRIES);
	const execution = await stage.run(chain('Unclear', numbered(1), { Kling: node }), 'error');
	const error = stage.n8n.api.errorOf(execution, 'Kling');
	expect(error?.message).toMatch(/may have been charged/);
	expect(creations()).toBe(1);
	expectPaid(0);
});

test.each([{ loadWorkflow: true }, { loadWorkflow: false }])(
	'Retry execution, from the list, pays only for what the failed one did not create, also when it is retried again: %o',
	async (how) => {
		const { api } = stage.n8n;
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:402', skip: 2 });
		const { start } = await stage.publish(
			production('Half-way', numbered(4), { Kling: creates(NUMBER) }),
		);
		const failed = await api.waitForExecution(await start(), { status: 'error' });
		expectPaid(0, 1);
		const error = api.errorOf(failed, 'Kling');
		expect(error?.message).toContain('(2 of 4 videos were already created)');
		for (const id of taskIds()) expect(error?.description).toContain(id);
		for (let time = 0; time < 2; time++) {
			const retry = await api.retryExecution(failed.id, how);
			const retried = await api.waitForExecution(retry, { status: 'success' });
			expectPaid(0, 1, 2, 3);
			expect(idsOf(retried)).toEqual(taskIds());
		}
	},
);

test('Max Credits refuses the whole run before anything is sent', async () => {
	const node = creates(NUMBER, RETRIES, { maxCredits: 300 });
	const execution = await stage.run(chain('Too dear', numbered(3), { Kling: node }), 'error');
	expect(stage.n8n.api.errorOf(execution, 'Kling')).toMatchObject({
		name: 'NodeOperationError',
		message: expect.stringContaining("'Max Credits' is 300, but 3 videos cost"),
		description: expect.stringContaining('Nothing was spent in this run.'),
	});
	expect(stage.emulator.requests).toEqual([]);
});

describe('the key, after all of this,', () => {
	/** Every file of n8n's own folder, the database and its journal among them. */
	const filesWith = (text: string) =>
		readdirSync(join(stage.n8n.userFolder, '.n8n'), { withFileTypes: true, recursive: true })
			.filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
			.map((entry) => join(entry.parentPath, entry.name))
			.filter((path) => readFileSync(path).includes(text));

	test('is in no file of n8n, where it is stored only encrypted', async () => {
		await stage.run(chain('Found', numbered(1), { Kling: creates('A prompt that is found') }));
		expect(filesWith('A prompt that is found').join()).toMatch(/database\.sqlite/);
		expect(filesWith(SECRET)).toEqual([]);
		expect(filesWith(Buffer.from(KEY).toString('base64').slice(0, -4))).toEqual([]);
	});

	test('is in nothing that n8n printed, not even with its debug log', () => {
		expect(stage.n8n.log()).toMatch(/debug.*Running node/s);
		expect(stage.n8n.log()).not.toContain(SECRET);
	});

	test('is in no execution’s data, nor in its errors', async () => {
		const { api } = stage.n8n;
		const executions = await api.listExecutions();
		expect(executions.length).toBeGreaterThan(0);
		for (const { id } of executions) {
			expect(JSON.stringify(await api.getExecution(id))).not.toContain(SECRET);
		}
	});
});
