import { text } from '../http/answer';
import { arm } from '../control/faults';
import { answerImage } from './images';
import type { EmulatorRequest, Outcome } from '../http/outcome';
import type { TaskStore } from './tasks';
import { answerVideo } from './videos';

const VIDEO_PATH = /^\/videos\/([^/]+)\/(\d+)\.mp4$/;

function refuseMethod(method: string): Outcome | null {
	if (method === 'GET') return null;
	return { answer: text(405, 'Method Not Allowed', undefined, { allow: 'GET' }) };
}

/** `/images/…`: public files, real and misbehaving. */
export function handleImage(request: EmulatorRequest): Outcome {
	const refused = refuseMethod(request.method);
	if (refused !== null) return refused;
	const image = answerImage(request.path.slice('/images/'.length));
	if (image === 'hang') return { answer: text(200, ''), fault: arm('hang') };
	return { answer: image };
}

/** The task that a video address belongs to. */
export function taskIdOfVideo(path: string): string | undefined {
	return VIDEO_PATH.exec(path)?.[1];
}

/** `/videos/<taskId>/<index>.mp4`: public, and there once the task has completed. */
export function handleVideo(request: EmulatorRequest, tasks: TaskStore): Outcome {
	const refused = refuseMethod(request.method);
	if (refused !== null) return refused;
	const [, taskId = '', number] = VIDEO_PATH.exec(request.path) ?? [];
	const index = Number(number);
	if (!tasks.hasVideo(taskId, index)) return { answer: text(404, 'Not Found') };
	const answer = answerVideo(tasks.video(taskId, index));
	const fault = tasks.takeVideoFault(taskId);
	if (fault === '404') return { answer: text(404, 'Not Found'), taskId };
	if (fault === 'cut') return { answer, taskId, fault: arm('cut-body') };
	if (fault === 'hang') return { answer, taskId, fault: arm('hang') };
	return { answer, taskId, note: `${answer.body.length} bytes` };
}
