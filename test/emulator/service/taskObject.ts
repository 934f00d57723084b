import { MODEL } from './createRequest';
import type { TaskStatus } from '../types';

/** What the API tells of a task; times are epoch ms. */
export interface TaskFacts {
	id: string;
	status: TaskStatus;
	createdAt: number;
	finishedAt?: number;
	error?: { code: string; message: string };
	/** Addresses of the finished videos; null: `output` is left out. */
	videoUrls: readonly string[] | null;
}

/** The bare task object, as `GET /v1/tasks/{id}` and the callback show it; times are Unix seconds. */
export function taskObject(task: TaskFacts): Record<string, unknown> {
	const common = {
		id: task.id,
		status: task.status,
		model: MODEL,
		created_at: unixSeconds(task.createdAt),
	};
	if (task.status === 'completed') {
		return {
			...common,
			completed_at: unixSeconds(task.finishedAt ?? task.createdAt),
			...(task.videoUrls === null
				? {}
				: { output: { urls: task.videoUrls, metadata: { model: `${MODEL}/image-to-video` } } }),
		};
	}
	if (task.status === 'failed') return { ...common, error: task.error };
	return { ...common, progress: null };
}

function unixSeconds(ms: number): number {
	return Math.floor(ms / 1_000);
}
