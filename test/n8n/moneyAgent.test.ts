import { AGENTS, toolResults, useAgent } from '../harness/n8n/agent';
import { useStage } from '../harness/n8n/useStage';
import { RETRIES, type NodeSpec } from '../harness/n8n/workflow';

/** What an AI Agent's calls of the node cost: each video once, and each that was wanted. */

const TOOL = 'Make_a_video';
const PRICE = 110;

const stage = useStage({ emulator: { paceMs: 100 } });
/** How often the model calls the tool, always for the same video: once for each item, at least. */
let callsWanted = 1;
let callsMade = 0;

const agent = useAgent(stage, (request) => {
	if (toolResults(request).length > 0 && callsMade >= callsWanted) return { text: 'Done' };
	callsMade += 1;
	return { tool: TOOL, arguments: { prompt: 'A cat' } };
});

beforeEach(() => {
	callsWanted = 1;
	callsMade = 0;
});

const ids = () => stage.emulator.tasks().map(({ id }) => id);
const creations = () => stage.emulator.count({ route: 'create' });
const charged = () => stage.emulator.account().totalConsumed;

function tool(parameters: Record<string, unknown> = {}): NodeSpec {
	const node = stage.creates(
		{
			operation: 'createAndWait',
			prompt: "={{ $fromAI('prompt', 'What happens in the video', 'string') }}",
			timeout: 1,
			options: { pollInterval: 2 },
			...parameters,
		},
		RETRIES,
	);
	return { ...node, type: `${node.type}Tool` };
}

/** What the model read of its tool calls, as text. */
function read(): string {
	return agent.requests().flatMap(toolResults).join('\n');
}

describe.each(AGENTS)('an AI Agent of version %s', (version) => {
	test('never has an unclear create sent again: not by Retry On Fail, not by calling once more', async () => {
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:500-after' });
		callsWanted = 3;
		await agent.run(version, { 'Make a video': tool() });
		expect([creations(), charged()]).toEqual([1, PRICE]);
		expect(read()).toMatch(/may have been charged/);
	});

	test('has a try that follows a failed read go on with the task', async () => {
		stage.emulator.fault({ match: { method: 'GET', path: '/v1/tasks' }, fault: 'http:404' });
		callsWanted = 2;
		await agent.run(version, { 'Make a video': tool() });
		const [first] = ids();
		expect(read()).toContain(first);
		expect(read()).toMatch(/"status\W+completed/);
		expect([creations(), charged()]).toEqual([1, PRICE]);
	});

	test('gets one video for all of its items that ask for the same', async () => {
		await agent.run(version, { 'Make a video': tool({ operation: 'create', callback: 'none' }) }, [
			{},
			{},
			{},
		]);
		expect([creations(), charged()]).toEqual([1, PRICE]);
	});
});
