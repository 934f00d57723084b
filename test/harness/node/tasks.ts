import { z } from 'zod';

import type { Emulator } from '../../emulator';

const createdSchema = z.object({ data: z.object({ taskId: z.string() }) });

/** Creates a task without the node, as someone else would; resolves to its id. */
export async function createTask(
	emulator: Emulator,
	prompt = 'A cat',
	apiKey = emulator.apiKey,
): Promise<string> {
	const response = await fetch(`${emulator.url}/v1/videos/generations`, {
		method: 'POST',
		headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
		body: JSON.stringify({
			model: 'kling-2.6',
			input: { prompt, image_urls: [emulator.imageUrl()] },
		}),
	});
	return createdSchema.parse(await response.json()).data.taskId;
}

/** Credits taken so far, those given back not counted. */
export function creditsCharged(emulator: Emulator): number {
	return emulator.tasks().reduce((sum, task) => sum + task.charged, 0);
}

/** Ends every task that is not finished. */
export async function completeAll(emulator: Emulator): Promise<void> {
	const open = emulator.tasks().filter(({ finishedAt }) => finishedAt === undefined);
	await Promise.all(open.map(async ({ id }) => await emulator.complete(id)));
}
