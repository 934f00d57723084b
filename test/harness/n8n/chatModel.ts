import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';

import { startHttpServer } from '../httpServer';

const requestSchema = z.object({
	messages: z.array(z.object({ role: z.string(), content: z.unknown() }).passthrough()),
	tools: z
		.array(
			z.object({
				function: z.object({
					name: z.string(),
					description: z.string(),
					parameters: z.object({ properties: z.record(z.record(z.unknown())) }).passthrough(),
				}),
			}),
		)
		.default([]),
});

export type ChatRequest = z.infer<typeof requestSchema>;

/** What the model says: a text, or that a tool is to be called. */
export type ChatAnswer = { text: string } | { tool: string; arguments: Record<string, unknown> };

/** A chat model that answers as the test decides, over the API that everybody speaks. */
export interface ChatModel {
	readonly url: string;
	/** What it was asked, in order. */
	readonly requests: readonly ChatRequest[];
	/** Forgets what it was asked so far. */
	forget(): void;
	stop(): Promise<void>;
}

/** Starts it on a free port of the loopback interface. */
export async function startChatModel(
	answer: (request: ChatRequest) => ChatAnswer,
): Promise<ChatModel> {
	const requests: ChatRequest[] = [];
	const reply = async (incoming: IncomingMessage, response: ServerResponse) => {
		response.setHeader('content-type', 'application/json');
		const request = requestSchema.safeParse(await json(incoming));
		if (!request.success) {
			response.statusCode = 400;
			response.end(JSON.stringify({ error: { message: request.error.message } }));
			return;
		}
		requests.push(request.data);
		response.end(JSON.stringify(completion(answer(request.data), requests.length)));
	};
	const server = await startHttpServer((incoming, response) => void reply(incoming, response));
	return {
		url: `${server.url}/v1`,
		requests,
		forget: () => {
			requests.length = 0;
		},
		stop: server.stop,
	};
}

/** @param number tells its tool call from others: agents find what a tool gave by the call's id */
function completion(answer: ChatAnswer, number: number): Record<string, unknown> {
	const message =
		'text' in answer
			? { role: 'assistant', content: answer.text }
			: {
					role: 'assistant',
					content: null,
					tool_calls: [
						{
							id: `call_${number}`,
							type: 'function',
							function: { name: answer.tool, arguments: JSON.stringify(answer.arguments) },
						},
					],
				};
	return {
		id: 'chatcmpl-1',
		object: 'chat.completion',
		created: 0,
		model: 'scripted',
		choices: [{ index: 0, message, finish_reason: 'text' in answer ? 'stop' : 'tool_calls' }],
		usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
	};
}
