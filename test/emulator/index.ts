import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Api } from './service/api';
import { CallbackSender } from './service/callbacks';
import { handleControl } from './control/control';
import { FaultQueue } from './control/faults';
import { DEFAULT_IMAGE } from './service/images';
import { DEFAULT_KEY } from './service/keys';
import { Ledger } from './service/ledger';
import { HOST, Listener } from './http/listener';
import { timedLogger } from './log';
import { OWN_REQUEST_HEADER, requestHandler } from './http/requestHandler';
import { TaskStore } from './service/tasks';
import type { Emulator, EmulatorOptions, RecordedRequest } from './types';
import { sha256Of } from './service/videos';

export type { Fault, FaultName, FaultRule } from './control/faults';
export type { LedgerEntry } from './service/ledger';
export type * from './types';

const DEFAULT_PACE_MS = 200;
const DEFAULT_TIMEOUT_MS = 10_000;

function withoutTrailingSlash(url: string): string {
	return url.replace(/\/+$/, '');
}

/** Starts the API on loopback. Rejects with the system's error (`EADDRINUSE`) when the port is taken. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
	const { paceMs = DEFAULT_PACE_MS } = options;
	const log = timedLogger(options.log);
	const ownToken = randomUUID();
	const ended = new AbortController();
	// Every delayed answer listens to it, and there may be thousands.
	setMaxListeners(0, ended.signal);

	const requests: RecordedRequest[] = [];
	const keys = new WeakMap<RecordedRequest, string>();
	const ledger = new Ledger();
	const faults = new FaultQueue();
	const callbacks = new CallbackSender(log, options.callbackTimeoutMs ?? DEFAULT_TIMEOUT_MS);
	let url = '';
	const publicUrl = () => withoutTrailingSlash(options.publicUrl ?? url);
	const isOwn = (address: URL) =>
		address.origin === new URL(url).origin || address.href.startsWith(`${publicUrl()}/`);
	const own = (address: URL) => {
		const path = address.href.startsWith(`${publicUrl()}/`)
			? address.href.slice(publicUrl().length)
			: address.pathname + address.search;
		return { url: url + path, headers: { [OWN_REQUEST_HEADER]: ownToken } };
	};

	const tasks: TaskStore = new TaskStore({
		ledger,
		callbacks,
		log,
		publicUrl,
		images: { isOwn, own, timeoutMs: DEFAULT_TIMEOUT_MS },
		online: () => listener.opened(),
	});
	tasks.paceMs = paceMs;
	const api = new Api(ledger, tasks);

	const handler = requestHandler({
		api,
		tasks,
		faults,
		log,
		requests,
		keys,
		ownToken,
		latencyMs: options.latencyMs ?? 0,
		signal: ended.signal,
		control: async (request) => ({ answer: await handleControl(controlContext, request) }),
	});
	const listener = new Listener(handler, options.port ?? 0);
	await listener.open();
	url = `http://${HOST}:${listener.port}`;

	const emulator: Emulator = {
		url,
		apiKey: DEFAULT_KEY,
		imageUrl: (name = DEFAULT_IMAGE) => `${publicUrl()}/images/${name}`,
		requests,
		count: ({ route, taskId, status, method, key } = {}) =>
			requests.filter(
				(request) =>
					(route === undefined || request.route === route) &&
					(taskId === undefined || request.taskId === taskId) &&
					(status === undefined || request.status === status) &&
					(method === undefined || request.method === method) &&
					(key === undefined || keys.get(request) === key),
			).length,
		tasks: (key) => tasks.list(key),
		task: (id) => tasks.task(id),
		account: (key = DEFAULT_KEY) => ledger.balance(key),
		setBalance: (key, balance) => ledger.setBalance(key, balance),
		fault: (rule) => faults.add(rule),
		clearFaults: () => faults.clear(),
		setPace: (ms) => {
			tasks.paceMs = ms;
		},
		complete: (taskId) => tasks.complete(taskId),
		fail: (taskId, error) => tasks.fail(taskId, error),
		sendCallback: (taskId, callback) => tasks.sendCallback(taskId, callback),
		videoBytes: async (taskId, index = 0) => tasks.video(taskId, index),
		videoSha256: async (taskId, index = 0) => sha256Of(tasks.video(taskId, index)),
		settled: () => callbacks.settled(),
		goOffline: async () => {
			log('offline: connections are refused');
			await listener.close();
		},
		goOnline: async () => {
			if (ended.signal.aborted) throw new Error('The emulator was stopped');
			await listener.open();
			log('online');
		},
		reset: () => {
			tasks.clear();
			ledger.reset();
			faults.clear();
			api.reset();
			requests.length = 0;
			tasks.paceMs = paceMs;
			log('reset');
		},
		stop: async () => {
			ended.abort();
			tasks.clear();
			await listener.close();
			await callbacks.settled();
		},
	};
	const controlContext = { emulator, ledger, faults: () => faults.list() };
	return emulator;
}
