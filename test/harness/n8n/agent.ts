import type { Execution } from './api';
import { startChatModel, type ChatAnswer, type ChatModel, type ChatRequest } from './chatModel';
import type { Stage } from './stage';
import { aiAgent, items, manualTrigger, workflow, type NodeSpec } from './workflow';

/** The versions of the AI Agent that both supported versions of n8n have. */
export const AGENTS = [2.2, 3] as const;

/** An AI Agent that talks to a scripted model. */
export interface Agent {
	/** What the model was asked in this test, in order. */
	requests(): readonly ChatRequest[];
	/** Runs an agent of a version with these tools, once for each item. */
	run(
		typeVersion: number,
		tools: Record<string, NodeSpec>,
		inputItems?: Array<Record<string, unknown>>,
	): Promise<Execution>;
}

/** The tests of a file whose agents have a model that answers as they say. */
export function useAgent(stage: Stage, answer: (request: ChatRequest) => ChatAnswer): Agent {
	let model: ChatModel | undefined;
	let credential = '';
	beforeAll(async () => {
		model = await startChatModel(answer);
		credential = await stage.n8n.api.createCredential({
			name: 'Scripted model',
			type: 'openAiApi',
			data: { apiKey: 'none', url: model.url },
		});
	});
	beforeEach(() => model?.forget());
	afterAll(async () => await model?.stop());
	return {
		requests: () => model?.requests ?? [],
		run: async (typeVersion, tools, inputItems = [{}]) => {
			const builder = workflow('Agent')
				.node('Start', manualTrigger())
				.node('Items', items(inputItems))
				.node('Agent', { ...aiAgent('Animate my cat, please'), typeVersion })
				.node('Model', {
					type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
					typeVersion: 1.2,
					parameters: { model: { __rl: true, mode: 'id', value: 'scripted' }, options: {} },
					credentials: { openAiApi: { id: credential, name: 'Scripted model' } },
				})
				.chain('Start', 'Items', 'Agent')
				.connect('Model', 'Agent', { type: 'ai_languageModel' });
			for (const [name, node] of Object.entries(tools)) {
				builder.node(name, node).connect(name, 'Agent', { type: 'ai_tool' });
			}
			return await stage.run(builder.json());
		},
	};
}

/** What its tools gave the model so far: text in either shape of the API. */
export function toolResults({ messages }: ChatRequest): string[] {
	return messages
		.filter(({ role }) => role === 'tool')
		.map(({ content }) => (typeof content === 'string' ? content : JSON.stringify(content)));
}
