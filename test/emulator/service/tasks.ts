import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { CallbackSender } from './callbacks';
import type { CreateRequest } from './createRequest';
import { checkImage, type ImageCheckContext } from './imageCheck';
import { shortKey } from './keys';
import type { Ledger } from './ledger';
import type { Logger } from '../log';
import type { Markers } from './markers';
import { priceOf } from './pricing';
import { taskObject } from './taskObject';
import { runAfter } from '../time';
import type {
	CallbackOptions,
	EmulatedTask,
	FetchedImage,
	SentCallback,
	TaskStatus,
} from '../types';
import { videoFile } from './videos';

/** The longest that a task stays pending, however slow the pace. */
const MAX_PENDING_MS = 200;
const PENDING_SHARE = 0.2;
/** A thousand fetches at once would time out on a busy machine, which is no fault of the images. */
const MAX_IMAGE_FETCHES = 64;

const JSON_TYPE = 'application/json';

const FAILURE_MESSAGES: Readonly<Record<string, string>> = {
	upstream_error: 'Video generation failed',
	content_rejected: 'The content was rejected by the safety system',
};

interface Task {
	readonly id: string;
	readonly key: string;
	readonly request: CreateRequest;
	readonly markers: Markers;
	readonly charged: number;
	readonly createdAt: number;
	status: TaskStatus;
	refunded: number;
	startedAt?: number;
	finishedAt?: number;
	error?: { code: string; message: string };
	images: FetchedImage[];
	/** Set when processing began; settles when all images were looked at. */
	imagesChecked?: Promise<void>;
	callbacks: SentCallback[];
	/** Set when the task finished; settles when its own callbacks were answered. */
	notified?: Promise<void>;
	reads: number;
	downloads: number;
	timers: Array<NodeJS.Timeout | null>;
}

export interface TaskStoreContext {
	ledger: Ledger;
	callbacks: CallbackSender;
	log: Logger;
	/** Base of the video addresses, without a trailing slash. */
	publicUrl(): string;
	/** Everything an image check needs but the signal. */
	images: Omit<ImageCheckContext, 'signal'>;
	/** Settles when the emulator can reach its own addresses. */
	online(): Promise<void>;
}

/** The tasks and their course from pending to completed or failed. */
export class TaskStore {
	private readonly byId = new Map<string, Task>();

	private stopping = abortable();

	private readonly fetching = pLimit(MAX_IMAGE_FETCHES);

	/** Total generation time in ms of tasks created from now on. */
	paceMs = 0;

	constructor(private readonly context: TaskStoreContext) {}

	/** Charges and creates a task; null, and nothing done, when the balance is too low. */
	create(key: string, request: CreateRequest, markers: Markers): EmulatedTask | null {
		const { ledger } = this.context;
		const id = randomUUID();
		const charged = priceOf(request.input.duration, request.input.sound);
		if (!ledger.charge(key, id, charged)) return null;
		const task: Task = {
			id,
			key,
			request,
			markers,
			charged,
			createdAt: Date.now(),
			status: 'pending',
			refunded: 0,
			images: [],
			callbacks: [],
			reads: 0,
			downloads: 0,
			timers: [],
		};
		this.byId.set(id, task);
		const pace = markers.paceMs ?? this.paceMs;
		const pending = Math.min(pace * PENDING_SHARE, MAX_PENDING_MS);
		task.timers = [
			runAfter(pending, () => this.start(task)),
			runAfter(pace, () => void this.runOut(task)),
		];
		return this.snapshot(task);
	}

	/** The task that this account may read, or null; counts as a read. */
	read(id: string, key: string): Record<string, unknown> | null {
		const task = this.byId.get(id);
		if (task === undefined || task.key !== key) return null;
		task.reads += 1;
		return this.object(task);
	}

	/** The task object as the API shows it now. */
	apiObject(id: string): Record<string, unknown> {
		return this.object(this.get(id));
	}

	has(id: string): boolean {
		return this.byId.has(id);
	}

	/** All tasks, or those that this key created. */
	list(key?: string): EmulatedTask[] {
		return [...this.byId.values()]
			.filter((task) => key === undefined || task.key === key)
			.map((task) => this.snapshot(task));
	}

	task(id: string): EmulatedTask {
		return this.snapshot(this.get(id));
	}

	/** The file behind a video address, whether or not the task has finished. */
	video(id: string, index: number): Buffer {
		const { duration, sound } = this.get(id).request.input;
		return videoFile({ taskId: id, index, duration, sound });
	}

	/** Whether the API has named this video's address, which is when it can be downloaded. */
	hasVideo(id: string, index: number): boolean {
		const task = this.byId.get(id);
		return task?.status === 'completed' && index < this.videoCount(task);
	}

	/** The way this download goes wrong, if its prompt asked for one; counts the download. */
	takeVideoFault(id: string): '404' | 'cut' | 'hang' | null {
		const task = this.get(id);
		task.downloads += 1;
		const fault = task.markers.videoFault;
		return fault !== undefined && task.downloads <= fault.times ? fault.kind : null;
	}

	async complete(id: string): Promise<void> {
		const task = this.get(id);
		this.start(task);
		await task.imagesChecked;
		if (task.status === 'failed') throw new Error(`Task ${id} has already failed`);
		this.finish(task);
		await task.notified;
	}

	async fail(id: string, error?: { code: string; message: string }): Promise<void> {
		const task = this.get(id);
		if (task.status === 'completed') throw new Error(`Task ${id} has already completed`);
		this.start(task);
		this.finish(task, error ?? failure('upstream_error'));
		await task.notified;
	}

	/** Sends a callback by hand; resolves to the statuses received, 0 for no answer. */
	async sendCallback(id: string, options: CallbackOptions = {}): Promise<number[]> {
		const task = this.byId.get(id);
		const url = options.url ?? task?.request.callback_url;
		if (url === undefined) throw new Error(`Task ${id} has no callback_url, and no url was given`);
		const own = options.body === undefined && options.raw === undefined;
		const body = options.raw ?? JSON.stringify(own ? this.apiObject(id) : options.body);
		const message = {
			taskId: id,
			url,
			body,
			contentType: options.contentType === undefined ? JSON_TYPE : options.contentType,
			label: own ? this.get(id).status : 'forged',
		};
		const once = async () => {
			const sent = await this.context.callbacks.send(message, this.stopping.signal);
			task?.callbacks.push(sent);
			return sent.status ?? 0;
		};
		const times = options.times ?? 1;
		const all = async () => {
			if (options.concurrently === true)
				return await Promise.all(Array.from({ length: times }, once));
			const statuses: number[] = [];
			while (statuses.length < times) statuses.push(await once());
			return statuses;
		};
		return await this.context.callbacks.track(all());
	}

	/** Forgets all tasks and ends whatever they have under way. */
	clear(): void {
		this.stopping.abort();
		this.stopping = abortable();
		for (const task of this.byId.values()) this.clearTimers(task);
		this.byId.clear();
	}

	private get(id: string): Task {
		const task = this.byId.get(id);
		if (task === undefined) throw new Error(`The emulator has no task ${id}`);
		return task;
	}

	private start(task: Task): void {
		if (task.status !== 'pending') return;
		task.status = 'processing';
		task.startedAt = Date.now();
		this.context.log(`task ${task.id} processing`);
		task.imagesChecked = this.checkImages(task, this.stopping.signal);
	}

	private async checkImages(task: Task, signal: AbortSignal): Promise<void> {
		await this.context.online();
		task.images = await Promise.all(
			task.request.input.image_urls.map((url) =>
				this.fetching(() => checkImage(url, { ...this.context.images, signal })),
			),
		);
		const bad = task.images.find(({ ok }) => !ok);
		if (bad === undefined || signal.aborted) return;
		const message = `Failed to fetch image ${bad.url}: ${bad.reason ?? ''}`;
		this.finish(task, { code: 'upstream_error', message });
	}

	/** The end of the task's natural course. */
	private async runOut(task: Task): Promise<void> {
		this.start(task);
		await task.imagesChecked;
		const { failCode } = task.markers;
		this.finish(task, failCode === undefined ? undefined : failure(failCode));
		await task.notified;
	}

	private finish(task: Task, error?: { code: string; message: string }): void {
		// After a reset the task is gone, while its last steps may still be under way.
		if (task.finishedAt !== undefined || this.byId.get(task.id) !== task) return;
		this.clearTimers(task);
		task.finishedAt = Date.now();
		const { ledger, log } = this.context;
		if (error === undefined) {
			task.status = 'completed';
			log(`task ${task.id} completed`);
		} else {
			task.status = 'failed';
			task.error = error;
			task.refunded = task.charged;
			ledger.refund(task.key, task.id, task.charged);
			const { balance } = ledger.balance(task.key);
			const reason = `${error.code}: ${error.message}`;
			log(`task ${task.id} failed (${reason}) +${task.charged} credits (balance ${balance})`);
		}
		task.notified = this.context.callbacks.track(this.notify(task, this.stopping.signal));
	}

	private async notify(task: Task, signal: AbortSignal): Promise<void> {
		const url = task.request.callback_url;
		if (url === undefined) return;
		const { callbacks } = task.markers;
		if (callbacks === 0) {
			this.context.log(`→ callback task ${task.id} ${task.status} lost, as the prompt asked`);
			return;
		}
		for (let sent = 0; sent < callbacks && !signal.aborted; sent += 1) {
			const { id: taskId, status: label } = task;
			const body = JSON.stringify(this.object(task));
			const message = { taskId, url, body, contentType: JSON_TYPE, label };
			task.callbacks.push(await this.context.callbacks.send(message, signal));
		}
	}

	private clearTimers(task: Task): void {
		for (const timer of task.timers) if (timer !== null) clearTimeout(timer);
		task.timers = [];
	}

	private videoCount(task: Task): number {
		return task.markers.noVideo === undefined ? task.markers.videos : 0;
	}

	private object(task: Task): Record<string, unknown> {
		const base = `${this.context.publicUrl()}/videos/${task.id}`;
		const urls = Array.from(
			{ length: this.videoCount(task) },
			(_, index) => `${base}/${index}.mp4`,
		);
		return taskObject({
			id: task.id,
			status: task.status,
			createdAt: task.createdAt,
			finishedAt: task.finishedAt,
			error: task.error,
			videoUrls: task.markers.noVideo === 'output' ? null : urls,
		});
	}

	private snapshot(task: Task): EmulatedTask {
		const { prompt, duration, sound, image_urls: imageUrls } = task.request.input;
		const { callback_url: callbackUrl } = task.request;
		return {
			id: task.id,
			key: shortKey(task.key),
			status: task.status,
			prompt,
			duration,
			sound,
			imageUrls: [...imageUrls],
			images: [...task.images],
			...(callbackUrl === undefined ? {} : { callbackUrl }),
			charged: task.charged,
			refunded: task.refunded,
			createdAt: task.createdAt,
			...(task.startedAt === undefined ? {} : { startedAt: task.startedAt }),
			...(task.finishedAt === undefined ? {} : { finishedAt: task.finishedAt }),
			...(task.error === undefined ? {} : { error: { ...task.error } }),
			callbacks: [...task.callbacks],
			reads: task.reads,
		};
	}
}

function abortable(): AbortController {
	const controller = new AbortController();
	// Every image fetch and callback listens to it, and there may be thousands.
	setMaxListeners(0, controller.signal);
	return controller;
}

function failure(code: string): { code: string; message: string } {
	return { code, message: FAILURE_MESSAGES[code] ?? `Video generation failed (${code})` };
}
