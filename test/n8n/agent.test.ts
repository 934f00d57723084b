import { aiAgent, manualTrigger, workflow, type NodeSpec } from '../harness/n8n/workflow';
import { startChatModel, type ChatModel, type ChatRequest } from '../harness/n8n/chatModel';
import { jsonOf } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';

const TOOL = 'Make_a_video';
const PROMPT = 'The cat turns its head';
const ADDRESS = /https?:[^"\\\s]+\.mp4/;

const stage = useStage({ emulator: { paceMs: 300 } });
let model: ChatModel;

function toolResult({ messages }: ChatRequest): string | undefined {
	const result = messages.find(({ role }) => role === 'tool');
	return result === undefined ? undefined : JSON.stringify(result.content);
}

beforeAll(async () => {
	model = await startChatModel((request) => {
		const result = toolResult(request);
		if (result !== undefined) {
			return { text: `Here it is: ${ADDRESS.exec(result)?.[0] ?? 'no video'}` };
		}
		return {
			tool: TOOL,
			arguments: { prompt: PROMPT, image: stage.emulator.imageUrl(), seconds: 10, sound: true },
		};
	});
});

afterAll(async () => {
	await model.stop();
});

function chatModelNode(credential: string): NodeSpec {
	return {
		type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
		typeVersion: 1.2,
		parameters: { model: { __rl: true, mode: 'id', value: 'scripted' }, options: {} },
		credentials: { openAiApi: { id: credential, name: 'Scripted model' } },
	};
}

test('an AI Agent calls the tool with values of its own and gets a video address back', async () => {
	const { emulator, n8n } = stage;
	const credential = await n8n.api.createCredential({
		name: 'Scripted model',
		type: 'openAiApi',
		data: { apiKey: 'none', url: model.url },
	});
	const tool = stage.kling({
		operation: 'createAndWait',
		prompt: "={{ $fromAI('prompt', 'What happens in the video', 'string') }}",
		imageUrls: "={{ $fromAI('image', 'Address of the picture', 'string') }}",
		duration: "={{ $fromAI('seconds', '5 or 10', 'number') }}",
		sound: "={{ $fromAI('sound', 'With sound?', 'boolean') }}",
		timeout: 5,
		options: { pollInterval: 2 },
	});
	const execution = await stage.run(
		workflow('Agent')
			.node('Start', manualTrigger())
			.node('Agent', aiAgent('Animate my cat, please'))
			.node('Model', chatModelNode(credential))
			.node('Make a video', { ...tool, type: `${tool.type}Tool` })
			.connect('Start', 'Agent')
			.connect('Model', 'Agent', { type: 'ai_languageModel' })
			.connect('Make a video', 'Agent', { type: 'ai_tool' })
			.json(),
	);

	const [task] = emulator.tasks();
	expect(emulator.tasks()).toHaveLength(1);
	expect(task).toMatchObject({ prompt: PROMPT, duration: 10, sound: true, status: 'completed' });
	expect(task?.callbackUrl).toBeUndefined();
	expect(jsonOf(execution, n8n, 'Agent')).toEqual([
		{ output: `Here it is: ${emulator.url}/videos/${task?.id ?? ''}/0.mp4` },
	]);

	expect(model.requests).toHaveLength(2);
	const [offered] = model.requests[0]?.tools ?? [];
	expect(offered?.function).toMatchObject({
		name: TOOL,
		description: expect.stringMatching(/video/i),
	});
	expect(Object.keys(offered?.function.parameters.properties ?? {})).toEqual([
		'prompt',
		'image',
		'seconds',
		'sound',
	]);
	expect(JSON.stringify(model.requests)).not.toContain(emulator.apiKey);
});
