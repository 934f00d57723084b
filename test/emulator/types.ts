import type { FaultRule } from './control/faults';

/** Which part of the emulator a request was for. */
export type Route = 'create' | 'getTask' | 'getCredits' | 'image' | 'video' | 'control' | 'other';

export type TaskStatus = 'pending' | 'processing' | 'completed' | 'failed';

export interface EmulatorOptions {
	/** TCP port, a free one by default. */
	port?: number;
	/** Total generation time of a task in ms, 200 by default; Infinity: only `complete`/`fail` end it. */
	paceMs?: number;
	/** Receives one readable line per request, callback and task state. */
	log?: (line: string) => void;
	/** Added to every API answer, in ms. */
	latencyMs?: number;
	/** Base of the video and image addresses, the emulator's own url by default. */
	publicUrl?: string;
	/** How long the emulator waits for the answer to a callback, in ms, 10,000 by default. */
	callbackTimeoutMs?: number;
}

export interface RecordedRequest {
	/** Arrival, epoch ms. */
	readonly at: number;
	readonly method: string;
	/** Path with query. */
	readonly path: string;
	readonly route: Route;
	/** The status sent, null as long as (or if ever) nothing was answered. */
	readonly status: number | null;
	/** Name of the fault that hit this request. */
	readonly fault?: string;
	readonly taskId?: string;
	/** The key's first five characters and an ellipsis. */
	readonly key?: string;
	/** Whether an Authorization header came along. */
	readonly authorization: boolean;
	/** Parsed JSON, or the raw text when it is not JSON; absent when there was no body. */
	readonly body?: unknown;
	/** Lower-case names; the Authorization value is shortened. */
	readonly headers: Readonly<Record<string, string>>;
	readonly durationMs: number;
}

/** The outcome of the emulator's own look at one image of a task. */
export interface FetchedImage {
	readonly url: string;
	readonly ok: boolean;
	/** Why the image was refused, or why it was not looked at. */
	readonly reason?: string;
	/** Length of the body; 0 when nothing was fetched. */
	readonly bytes: number;
	/** Hex digest of the body, null when nothing was fetched. */
	readonly sha256: string | null;
	readonly contentType: string | null;
}

export interface SentCallback {
	readonly url: string;
	/** Epoch ms. */
	readonly at: number;
	/** HTTP status received, null when there was no answer. */
	readonly status: number | null;
	readonly error?: string;
	readonly durationMs: number;
}

/** A snapshot of a task; times are epoch ms, money is in credits. */
export interface EmulatedTask {
	readonly id: string;
	/** Shortened. */
	readonly key: string;
	readonly status: TaskStatus;
	readonly prompt: string;
	/** Seconds. */
	readonly duration: 5 | 10;
	readonly sound: boolean;
	readonly imageUrls: readonly string[];
	readonly images: readonly FetchedImage[];
	readonly callbackUrl?: string;
	readonly charged: number;
	readonly refunded: number;
	readonly createdAt: number;
	readonly startedAt?: number;
	readonly finishedAt?: number;
	readonly error?: { code: string; message: string };
	readonly callbacks: readonly SentCallback[];
	/** How often a client read the task (`GET /v1/tasks/{id}` answered with it). */
	readonly reads: number;
}

export interface Balance {
	readonly balance: number;
	readonly totalPurchased: number;
	readonly totalConsumed: number;
}

export interface CountFilter {
	route?: Route;
	taskId?: string;
	status?: number;
	method?: string;
	/** The whole key that the request came with. */
	key?: string;
}

export interface CallbackOptions {
	/** Where to, the task's own callback_url by default. */
	url?: string;
	/** Sent as JSON instead of the task object. */
	body?: unknown;
	/** Sent as it is instead of JSON. */
	raw?: string;
	/** `application/json` by default; null: no such header. */
	contentType?: string | null;
	/** How often, 1 by default. */
	times?: number;
	/** All at once instead of one after the other. */
	concurrently?: boolean;
}

export interface Emulator {
	/** `http://127.0.0.1:PORT` */
	readonly url: string;
	/** A key that works: `sk-emulator`. */
	readonly apiKey: string;
	/** Address of an image the emulator serves, a real JPEG by default. */
	imageUrl(name?: string): string;
	/** Every request of a client, in order of arrival; the emulator's own image fetches are not in it. */
	readonly requests: readonly RecordedRequest[];
	count(filter?: CountFilter): number;
	/** Snapshots, in order of creation; those of one account when its key is given. */
	tasks(key?: string): readonly EmulatedTask[];
	/** Throws when there is no such task. */
	task(id: string): EmulatedTask;
	/** Throws when there is no such account. */
	account(key?: string): Balance;
	/** Opens the account when there is none. */
	setBalance(key: string, balance: number): void;
	fault(rule: FaultRule): void;
	clearFaults(): void;
	/** Total generation time, in ms, of the tasks created from now on. */
	setPace(ms: number): void;
	/** Completes a task now; resolves when its callback has been answered. */
	complete(taskId: string): Promise<void>;
	/** Fails a task now; resolves when its callback has been answered. */
	fail(taskId: string, error?: { code: string; message: string }): Promise<void>;
	/** Sends (or forges) a callback; resolves to the HTTP statuses received, 0 for no answer. */
	sendCallback(taskId: string, options?: CallbackOptions): Promise<number[]>;
	/** The whole file that `/videos/<taskId>/<index>.mp4` serves. */
	videoBytes(taskId: string, index?: number): Promise<Buffer>;
	/** Hex digest of that file. */
	videoSha256(taskId: string, index?: number): Promise<string>;
	/** Resolves when no callback is in flight. */
	settled(): Promise<void>;
	/** Refuses connections from now on and cuts the open ones; tasks go on. */
	goOffline(): Promise<void>;
	/** Listens again on the same port. */
	goOnline(): Promise<void>;
	/** Forgets tasks, requests, faults and ledger, and restores the pace. */
	reset(): void;
	/** Ends everything; may be called again. */
	stop(): Promise<void>;
}
