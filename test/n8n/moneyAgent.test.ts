import type { Execution } from '../harness/n8n/api';
import {
	startChatModel,
	type ChatAnswer,
	type ChatModel,
	type ChatRequest,
} from '../harness/n8n/chatModel';
import { useStage } from '../harness/n8n/useStage';
import {
	aiAgent,
	items,
	manualTrigger,
	RETRIES,
	workflow,
	type NodeSpec,
} from '../harness/n8n/workflow';

/** What an AI Agent's calls of the node cost: each video once, and each that was wanted. */

const TOOL = 'Make_a_video';
const PRICE = 110;

/** Those that both supported versions of n8n have. */
const AGENTS = [2.2, 3] as const;

const stage = useStage({ emulator: { paceMs: 100 } });
let model: ChatModel;
let modelCredential: string;
/** How often the model calls the tool, always for the same video: once for each item, at least. */
let callsWanted = 1;
let callsMade = 0;
let prompt = 'A cat';

const resultsIn = ({ messages }: ChatRequest) => messages.filter(({ role }) => role === 'tool');

beforeAll(async () => {
	model = await startChatModel((request): ChatAnswer => {
		if (resultsIn(request).length > 0 && callsMade >= callsWanted) return { text: 'Done' };
		callsMade += 1;
		return { tool: TOOL, arguments: { prompt } };
	});
	modelCredential = await stage.n8n.api.createCredential({
		name: 'Scripted model',
		type: 'openAiApi',
		data: { apiKey: 'none', url: model.url },
	});
});

beforeEach(() => {
	model.forget();
	callsWanted = 1;
	callsMade = 0;
	prompt = 'A cat';
});

afterAll(async () => {
	await model.stop();
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

async function runAgent(
	typeVersion: number,
	node: NodeSpec = tool(),
	inputItems: Array<Record<string, unknown>> = [{}],
): Promise<Execution> {
	const chatModel: NodeSpec = {
		type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
		typeVersion: 1.2,
		parameters: { model: { __rl: true, mode: 'id', value: 'scripted' }, options: {} },
		credentials: { openAiApi: { id: modelCredential, name: 'Scripted model' } },
	};
	return await stage.run(
		workflow('Paying agent')
			.node('Start', manualTrigger())
			.node('Items', items(inputItems))
			.node('Agent', { ...aiAgent('Animate my cat, please'), typeVersion })
			.node('Model', chatModel)
			.node('Make a video', node)
			.chain('Start', 'Items', 'Agent')
			.connect('Model', 'Agent', { type: 'ai_languageModel' })
			.connect('Make a video', 'Agent', { type: 'ai_tool' })
			.json(),
	);
}

/** What the model read of its tool calls, as text. */
function read(): string {
	return JSON.stringify(model.requests.flatMap(resultsIn).map(({ content }) => content));
}

describe.each(AGENTS)('an AI Agent of version %s', (version) => {
	test('never has an unclear create sent again: not by Retry On Fail, not by calling once more', async () => {
		stage.emulator.fault({ match: { method: 'POST' }, fault: 'http:500-after' });
		callsWanted = 3;
		await runAgent(version);
		expect([creations(), charged()]).toEqual([1, PRICE]);
		expect(read()).toMatch(/may have been charged/);
	});

	test('has a try that follows a failed read go on with the task', async () => {
		stage.emulator.fault({ match: { method: 'GET', path: '/v1/tasks' }, fault: 'http:404' });
		callsWanted = 2;
		await runAgent(version);
		const [first] = ids();
		expect(read()).toContain(first);
		expect(read()).toMatch(/"status\W+completed/);
		expect([creations(), charged()]).toEqual([1, PRICE]);
	});

	test('gets one video for all calls that ask for the same, and is told how to get another', async () => {
		callsWanted = 2;
		await runAgent(version);
		expect([creations(), charged()]).toEqual([1, PRICE]);
		expect(read()).toMatch(/"note\W+This is the video of an earlier call.*Change the prompt/);
	});

	test('gets one video for all of its items that ask for the same', async () => {
		await runAgent(version, tool({ operation: 'create', callback: 'none' }), [{}, {}, {}]);
		expect([creations(), charged()]).toEqual([1, PRICE]);
	});
});
