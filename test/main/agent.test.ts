import { AGENTS, toolResults, useAgent } from '../harness/n8n/agent';
import type { ChatAnswer } from '../harness/n8n/chatModel';
import { jsonOf } from '../harness/n8n/stage';
import { useStage } from '../harness/n8n/useStage';
import type { NodeSpec } from '../harness/n8n/workflow';

const TOOL = 'Make_a_video';
const PROMPT = 'The cat turns its head';
const ADDRESS = /https?:[^"\\\s]+\.mp4/;

const stage = useStage({ emulator: { paceMs: 300 } });
/** What the model does at first; then it tells what the tool gave. */
let firstAnswer: () => ChatAnswer;

const agent = useAgent(stage, (request) => {
	const [result] = toolResults(request);
	if (result === undefined) return firstAnswer();
	return { text: `Here it is: ${ADDRESS.exec(result)?.[0] ?? 'no video'}` };
});

beforeEach(() => {
	firstAnswer = () => callWith();
});

function callWith(values: Record<string, unknown> = {}): ChatAnswer {
	const image = stage.emulator.imageUrl();
	return { tool: TOOL, arguments: { prompt: PROMPT, image, seconds: 10, sound: true, ...values } };
}

/** A Kling node as a tool whose values the model chooses. */
function tool(parameters: Record<string, unknown> = {}): NodeSpec {
	const node = stage.kling({
		operation: 'createAndWait',
		prompt: "={{ $fromAI('prompt', 'What happens in the video', 'string') }}",
		imageUrls: "={{ $fromAI('image', 'Address of the picture', 'string') }}",
		duration: "={{ $fromAI('seconds', '5 or 10', 'number') }}",
		sound: "={{ $fromAI('sound', 'With sound?', 'boolean') }}",
		timeout: 5,
		options: { pollInterval: 2 },
		...parameters,
	});
	return { ...node, type: `${node.type}Tool` };
}

/** What the model read as the answer of its one call of the tool. */
function readByModel(): string {
	const [, second, ...more] = agent.requests();
	expect(more).toEqual([]);
	return (second && toolResults(second)[0]) ?? '';
}

describe.each(AGENTS)('an AI Agent of version %s', (version) => {
	test('fills in prompt and image of a tool in which nobody has set anything', async () => {
		const { emulator } = stage;
		firstAnswer = () => ({
			tool: TOOL,
			arguments: { Prompt: PROMPT, Image_URLs: emulator.imageUrl() },
		});
		const node = stage.kling({ operation: 'createAndWait' });
		await agent.run(version, { 'Make a video': { ...node, type: `${node.type}Tool` } });
		expect(emulator.tasks()).toMatchObject([{ prompt: PROMPT, duration: 5, sound: false }]);
		expect(readByModel()).toMatch(ADDRESS);
	});

	test('calls the tool with values of its own and gets a video address back', async () => {
		const { emulator, n8n } = stage;
		const execution = await agent.run(version, { 'Make a video': tool() });

		const [task] = emulator.tasks();
		expect(emulator.tasks()).toHaveLength(1);
		expect(task).toMatchObject({ prompt: PROMPT, duration: 10, sound: true, status: 'completed' });
		expect(task?.callbackUrl).toBeUndefined();
		expect(jsonOf(execution, n8n, 'Agent')).toEqual([
			{ output: `Here it is: ${emulator.url}/videos/${task?.id ?? ''}/0.mp4` },
		]);
		expect(readByModel()).not.toContain('callback');

		const [offered] = agent.requests()[0]?.tools ?? [];
		expect(offered?.function.name).toBe(TOOL);
		expect(Object.keys(offered?.function.parameters.properties ?? {})).toEqual([
			'prompt',
			'image',
			'seconds',
			'sound',
		]);
		expect(JSON.stringify(agent.requests())).not.toContain(emulator.apiKey);
	});

	test('reads what happened and what to do when the API refuses', async () => {
		firstAnswer = () => callWith({ prompt: `${PROMPT} [http:402]` });
		await agent.run(version, { 'Make a video': tool() });
		expect(readByModel()).toContain(
			'The account has too few credits for this video. Top up under Dashboard > Billing',
		);
		expect(readByModel()).not.toMatch(/item \d/);
	});
});
