import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import type { Execution, ExecutionItem } from './api';
import type { N8nInstance } from './instance';
import { until, type Stage } from './stage';
import { webhook, workflow } from './workflow';

const ASSETS = join(__dirname, '..', '..', 'emulator', 'assets');

/** A file of the emulator's, such as `photo.jpg`. */
export function asset(name: string): Buffer {
	return readFileSync(join(ASSETS, name));
}

export function sha256(bytes: Buffer): string {
	return createHash('sha256').update(bytes).digest('hex');
}

/** A file to upload, under the name of its form field. */
export interface Upload {
	content: Buffer;
	fileName: string;
	type: string;
}

/** A photo as a browser uploads it. */
export function photo(name = 'photo.jpg'): Upload {
	const extension = name.split('.').at(-1) ?? '';
	const type = `image/${extension === 'jpg' ? 'jpeg' : extension}`;
	return { content: asset(name), fileName: name, type };
}

/** Sends a form with files and texts, and gives the id of the execution that it starts. */
export async function upload(
	n8n: N8nInstance,
	workflowId: string,
	url: string,
	fields: Record<string, Upload | string>,
): Promise<string> {
	const before = new Set((await n8n.api.listExecutions(workflowId)).map(({ id }) => id));
	const form = new FormData();
	for (const [name, field] of Object.entries(fields)) {
		if (typeof field === 'string') form.append(name, field);
		else form.append(name, new Blob([field.content], { type: field.type }), field.fileName);
	}
	const response = await fetch(url, { method: 'POST', body: form });
	if (!response.ok) throw new Error(`The upload was answered with ${response.status}`);
	return await until(
		async () => (await n8n.api.listExecutions(workflowId)).find(({ id }) => !before.has(id))?.id,
	);
}

/**
 * Publishes a webhook that takes a photo, with a Create and Wait of it behind, and uploads one; gives the
 * execution's id once it sleeps.
 */
export async function uploadPhoto(stage: Stage): Promise<string> {
	const { n8n, creates, publish } = stage;
	const parameters = { operation: 'createAndWait', imageSource: 'binary', downloadVideo: true };
	const { id: workflowId } = await publish(
		workflow('Upload')
			.node('Webhook', webhook('photo'))
			.node('Kling', creates(parameters))
			.chain('Webhook', 'Kling')
			.json(),
	);
	const id = await upload(n8n, workflowId, n8n.webhookUrl('photo'), { data: photo() });
	await n8n.api.waitForExecution(id, { status: 'waiting' });
	return id;
}

/** What the files of an item should be: for each field the index of the task's video. */
export type ExpectedVideos = Record<string, number>;

/** Fails unless the item's files are exactly these videos of the task, byte by byte. */
export async function expectVideos(
	{ n8n, emulator }: Pick<Stage, 'n8n' | 'emulator'>,
	item: ExecutionItem | undefined,
	taskId: string,
	videos: ExpectedVideos,
): Promise<void> {
	const { binary = {} } = item ?? {};
	expect(Object.keys(binary)).toEqual(Object.keys(videos));
	for (const [field, index] of Object.entries(videos)) {
		const file = binary[field];
		if (file === undefined) continue;
		expect(file).toMatchObject({
			mimeType: 'video/mp4',
			fileExtension: 'mp4',
			fileName: index === 0 ? `${taskId}.mp4` : `${taskId}-${index}.mp4`,
		});
		const bytes = await n8n.api.binaryData(file);
		expect(sha256(bytes)).toBe(await emulator.videoSha256(taskId, index));
		// n8n 2.0 notes no size in bytes.
		expect(file.bytes ?? bytes.length).toBe(bytes.length);
	}
}

/** How often a node ran in an execution. */
export function runsOf(execution: Execution, node: string): number {
	return execution.data.resultData.runData[node]?.length ?? 0;
}
