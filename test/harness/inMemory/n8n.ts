import { Readable } from 'node:stream';
import type {
	IDataObject,
	IExecuteFunctions,
	IHttpRequestOptions,
	INodeExecutionData,
	IWebhookFunctions,
} from 'n8n-workflow';
import { z } from 'zod';

import type { Clock } from './clock';
import { FakeApi, networkError, type Plan, type Response } from './api';
import { N8nProcess } from './process';

const PUBLIC_ORIGIN = 'https://n8n.example.com';
const PACKAGE = 'n8n-nodes-aivideoapi-kling';

/** The least that counts as a video. */
const MP4 = Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0', 'latin1');

/** One Kling node of a workflow; they run one behind the other. */
export interface Step {
	parameters: Record<string, unknown>;
	/** What is to become of each item's task. */
	plans?: readonly Plan[];
	account: string;
	onError?: string;
}

/** Where an execution sleeps, as it stands in n8n's database. */
interface Sleep {
	step: number;
	input: INodeExecutionData[];
	contexts: Record<string, IDataObject>;
}

let nextPort = 6_000;

/** What a step passed on. */
export interface Output {
	step: number;
	at: number;
	items: INodeExecutionData[];
	/** Whether n8n's own timer woke the execution. */
	byTimer: boolean;
}

export interface Execution {
	readonly id: string;
	readonly steps: readonly Step[];
	status: 'running' | 'waiting' | 'success' | 'error' | 'crashed';
	/** Null unless it sleeps. */
	stored: string | null;
	/** When n8n's own timer is due. */
	waitTill: number;
	/** The process that runs it. */
	by: N8nProcess;
	/** Each time that a step was executed. */
	readonly ran: number[];
	/** What came out, in the order in which it did. */
	readonly outputs: Output[];
	/** Each time that it fell asleep: its own end, and when n8n's timer is due. */
	readonly sleeps: Array<{ step: number; by: N8nProcess; timeoutAt: number; timerAt: number }>;
	error: unknown;
}

/** n8n: its database, its processes, and what it does around the nodes. */
export class N8n {
	readonly api: FakeApi;

	readonly processes: N8nProcess[] = [];

	readonly executions: Execution[] = [];

	/** What each n8n credential holds now; where nothing was set, what its account has. */
	readonly credentials = new Map<string, { apiKey: string; baseUrl: string }>();

	readonly log: string[] = [];

	/** How long a file takes, in milliseconds. */
	fileMs = 0;

	/** Which process takes a call from outside; null while none does. */
	door: () => N8nProcess | null = () => this.processes.find(({ isAlive }) => isAlive) ?? null;

	/** Which process goes on with an execution once it is woken: that which took the call, or a worker. */
	worker: (by: N8nProcess) => N8nProcess = (by) => by;

	/**
	 * What an execution that is woken waits for before it goes on: others that run, where n8n limits these. It
	 * does not go on where this rejects, as when the database is away.
	 */
	turn: () => Promise<void> = async () => {};

	/** Regular mode is that of an n8n with one process, where alone it can limit how many run. */
	mode: 'queue' | 'regular' = 'queue';

	/** How many files were stored. */
	files = 0;

	/** The parameters of the Kling Trigger, and what its workflow was started with. */
	trigger: Omit<Step, 'plans'> = { parameters: {}, account: 'a' };

	readonly started: Array<{ at: number; json: IDataObject }> = [];

	private staticData = '{"global":{},"node":{}}';

	constructor(readonly clock: Clock) {
		this.api = new FakeApi(clock, async (url, body) => await this.call(null, { url, body }));
	}

	start(): N8nProcess {
		const process = N8nProcess.start(nextPort++, this.clock);
		this.processes.push(process);
		return process;
	}

	/** As `kill -9` does. */
	kill(process: N8nProcess): void {
		process.isAlive = false;
		for (const execution of this.executions) {
			if (execution.by === process && execution.status === 'running') execution.status = 'crashed';
		}
	}

	execute(process: N8nProcess, ...steps: Step[]): Execution {
		const execution: Execution = {
			id: String(this.executions.length + 1),
			steps,
			status: 'running',
			stored: null,
			waitTill: Infinity,
			by: process,
			ran: [],
			outputs: [],
			sleeps: [],
			error: null,
		};
		this.executions.push(execution);
		const count = steps[0]?.plans?.length ?? 1;
		const input = Array.from({ length: count }, (): INodeExecutionData => ({ json: {} }));
		void this.run(execution, { step: 0, input, contexts: {} });
		return execution;
	}

	private async run(execution: Execution, at: Sleep): Promise<void> {
		const { step } = at;
		const process = execution.by;
		if (execution.steps[step] === undefined) {
			execution.status = 'success';
			return;
		}
		execution.ran.push(step);
		const state = { ...at, input: structuredClone(at.input), waitTill: Infinity };
		const context = this.executeContext(process, execution, state);
		try {
			const [output = []] = await process.whileAlive(
				async () => await process.kling.execute.call(context),
			);
			if (state.waitTill === Infinity) await this.pass(execution, at, output, false);
			else this.park(execution, state);
		} catch (thrown) {
			execution.error = thrown;
			execution.status = 'error';
		}
	}

	private async pass(
		execution: Execution,
		{ step, contexts }: Sleep,
		items: INodeExecutionData[],
		byTimer: boolean,
	): Promise<void> {
		execution.outputs.push({ step, at: this.clock.now, items, byTimer });
		await this.run(execution, { step: step + 1, input: items, contexts });
	}

	private park(execution: Execution, state: Sleep & { waitTill: number }): void {
		const { step, input, contexts, waitTill } = state;
		const { klingSuspended } = waitSchema.parse(contexts[`node:${nameOf(step)}`]);
		const { timeoutAt } = klingSuspended;
		execution.sleeps.push({ step, by: execution.by, timeoutAt, timerAt: waitTill });
		execution.stored = JSON.stringify({ step, input, contexts });
		execution.waitTill = waitTill;
		execution.status = 'waiting';
		// n8n arms the timer 70 s ahead, and does not disarm it when something else wakes the execution.
		this.clock.at(Math.max(this.clock.now, waitTill - 70_000), () => {
			if (execution.status !== 'waiting' || execution.waitTill !== waitTill) return;
			this.clock.at(waitTill, () => void this.timer(execution));
		});
	}

	private async timer(execution: Execution): Promise<void> {
		const process = this.door();
		if (process === null || execution.status !== 'waiting') return;
		const sleep = load(execution);
		await this.turn();
		if (this.wake(process, execution)) {
			await this.pass(execution, sleep, sleep.input, true);
		}
	}

	/** n8n asks only whether it sleeps at all. */
	private wake(process: N8nProcess, execution: Execution): boolean {
		if (execution.status !== 'waiting') return false;
		Object.assign(execution, { status: 'running', by: this.worker(process), stored: null });
		return true;
	}

	/** A call to this n8n. @param by the process that makes it; null for the API */
	private async call(by: N8nProcess | null, options: IHttpRequestOptions): Promise<Response> {
		const { origin, port, pathname, search } = new URL(options.url);
		const process =
			origin === PUBLIC_ORIGIN
				? this.door()
				: this.processes.find((one) => one.isAlive && one.port === Number(port));
		if (by?.isAlive === false || process == null) throw networkError('ECONNREFUSED');
		const late = this.clock.sleep(options.timeout ?? 60_000).then(() => {
			throw networkError('ETIMEDOUT');
		});
		return await Promise.race([
			this.deliver(process, `${pathname}${search}`, z.string().parse(options.body)),
			late,
		]);
	}

	/** One call to n8n, taken by this process. */
	async deliver(process: N8nProcess, url: string, body: string): Promise<Response> {
		const [, endpoint, id = ''] = new URL(url, PUBLIC_ORIGIN).pathname.split('/');
		return endpoint === 'webhook-waiting'
			? await this.deliverToExecution(process, id, url, body)
			: await this.deliverToTrigger(process, url, body);
	}

	private async deliverToExecution(
		process: N8nProcess,
		id: string,
		url: string,
		body: string,
	): Promise<Response> {
		const execution = this.executions.find((one) => one.id === id);
		if (execution === undefined) return n8nError(404, `The execution "${id}" does not exist.`);
		if (execution.status === 'running') {
			return n8nError(409, `The execution "${id}" is running already.`);
		}
		if (execution.status !== 'waiting') {
			return n8nError(409, `The execution "${id} has finished already.`);
		}
		const sleep = load(execution);
		return await new Promise<Response>((resolve) => {
			const context = z
				.custom<IWebhookFunctions>(() => true)
				.parse({
					...this.common(process, execution.steps[sleep.step], execution.id, sleep),
					...webhookParts(url, body, process, resolve),
				});
			void process
				.whileAlive(async () => await process.kling.webhook.call(context))
				.then(async ({ workflowData }) => {
					const [items] = workflowData ?? [];
					if (items === undefined) return;
					const isLet = await this.turn().then(
						() => true,
						() => false,
					);
					if (!isLet || !this.wake(process, execution)) return;
					await this.pass(execution, sleep, items, false);
				});
		});
	}

	private async deliverToTrigger(
		process: N8nProcess,
		url: string,
		body: string,
	): Promise<Response> {
		const before = this.staticData;
		const copy = z.record(z.record(z.custom<IDataObject>())).parse(JSON.parse(before));
		return await new Promise<Response>((resolve) => {
			const { parameters } = this.trigger;
			const context = z
				.custom<IWebhookFunctions>(() => true)
				.parse({
					...this.common(process, this.trigger, 'none', { step: -1, contexts: {} }),
					...webhookParts(url, body, process, resolve),
					getWorkflow: () => ({ id: new URL(url, PUBLIC_ORIGIN).pathname.split('/').at(-1) }),
					getNodeParameter: (name: string, fallback: unknown) => parameters[name] ?? fallback,
					getWorkflowStaticData: (type: string) => copy[type],
				});
			void process
				.whileAlive(async () => await process.trigger.webhook.call(context))
				.then(({ workflowData }) => {
					// Whole: whoever writes last wins.
					const after = JSON.stringify(copy);
					if (after !== before) this.staticData = after;
					const json = workflowData?.[0]?.[0]?.json;
					if (json !== undefined) this.started.push({ at: this.clock.now, json });
				});
		});
	}

	private executeContext(
		process: N8nProcess,
		execution: Execution,
		state: Sleep & { waitTill: number },
	): IExecuteFunctions {
		const step = execution.steps[state.step];
		return z
			.custom<IExecuteFunctions>(() => true)
			.parse({
				...this.common(process, step, execution.id, state),
				getContext: (kind: string) =>
					(state.contexts[kind === 'flow' ? kind : `node:${nameOf(state.step)}`] ??= {}),
				getNodeParameter: (name: string, itemIndex: number, fallback: unknown) =>
					name === 'prompt'
						? JSON.stringify(step?.plans?.[itemIndex] ?? {})
						: (step?.parameters[name] ?? fallback),
				getWorkflowDataProxy: () => ({
					$runIndex: 0,
					$execution: {
						resumeUrl: `${PUBLIC_ORIGIN}/webhook-waiting/${execution.id}?signature=s`,
					},
				}),
				getInputData: () => state.input,
				getExecuteData: () => ({ data: { main: [state.input] } }),
				getExecutionCancelSignal: () => undefined,
				putExecutionToWait: async (date: Date) => void (state.waitTill = date.getTime()),
				continueOnFail: () => step?.onError !== undefined,
				addExecutionHints: () => {},
				getInstanceBaseUrl: () => PUBLIC_ORIGIN,
				getChildNodes: () => [],
			});
	}

	/** What n8n's contexts of every kind offer. */
	private common(
		process: N8nProcess,
		step: Omit<Step, 'plans'> | undefined,
		executionId: string,
		{ step: number, contexts }: Pick<Sleep, 'step' | 'contexts'>,
	) {
		const account = step?.account ?? '';
		const write = (message: string) => void this.log.push(message);
		const httpRequest = async (options: IHttpRequestOptions) =>
			await process.whileAlive(async (): Promise<unknown> => {
				if (options.encoding !== 'stream') return await this.call(process, options);
				return { statusCode: 200, headers: {}, body: Readable.from([MP4]) };
			});
		const executions = { mode: this.mode, concurrency: { productionLimit: 1 } };
		return {
			instanceSettings: { logger: { globalConfig: { executions } } },
			getNode: () => ({
				id: nameOf(number),
				name: nameOf(number),
				type: `${PACKAGE}.${number < 0 ? 'klingTrigger' : 'kling'}`,
				parameters: step?.parameters ?? {},
				onError: step?.onError,
				credentials: { aiVideoApi: { id: account } },
			}),
			getWorkflow: () => ({ id: 'w1', active: true }),
			getMode: () => 'webhook',
			getExecutionId: () => executionId,
			getWorkflowStaticData: () => ({}),
			workflow: { nodes: { [nameOf(-1)]: { type: `${PACKAGE}.klingTrigger` } } },
			additionalData: { webhookBaseUrl: `${PUBLIC_ORIGIN}/webhook` },
			runExecutionData: {
				executionData: { contextData: contexts },
				resultData: { runData: { Start: [] } },
			},
			logger: { debug: () => {}, info: write, warn: write, error: write },
			getCredentials: async () =>
				await process.whileAlive(async () => {
					const { key: apiKey, baseUrl } = this.api.account(account);
					return { apiKey, baseUrl, ...this.credentials.get(account) };
				}),
			helpers: {
				httpRequest,
				httpRequestWithAuthentication: async (
					_type: string,
					options: IHttpRequestOptions,
					{ credentialsDecrypted: { data } }: { credentialsDecrypted: { data: IDataObject } },
				) =>
					await process.whileAlive(
						async () => await this.api.answer(process, options, data['apiKey']),
					),
				prepareBinaryData: async (_: unknown, fileName: string) => {
					await process.whileAlive(async () => await this.clock.sleep(this.fileMs));
					this.files += 1;
					return { fileName, mimeType: 'video/mp4', data: '' };
				},
			},
		};
	}
}

function nameOf(step: number): string {
	return step < 0 ? 'Kling Trigger' : `Kling ${step}`;
}

const waitSchema = z.object({ klingSuspended: z.object({ timeoutAt: z.number() }) });

const sleepSchema = z.custom<Sleep>(() => true);

function load({ stored }: Execution): Sleep {
	return sleepSchema.parse(JSON.parse(stored ?? 'null'));
}

function n8nError(statusCode: number, message: string): Response {
	return { statusCode, headers: {}, body: JSON.stringify({ code: statusCode, message }) };
}

function webhookParts(
	originalUrl: string,
	text: string,
	{ port }: N8nProcess,
	answer: (response: Response) => void,
) {
	const body: unknown = JSON.parse(text);
	const headers: Record<string, string> = {};
	let statusCode = 200;
	const response = {
		status: (code: number) => {
			statusCode = code;
			return response;
		},
		setHeader: (name: string, value: string) => void (headers[name.toLowerCase()] = value),
		json: (content: unknown) => answer({ statusCode, headers, body: JSON.stringify(content) }),
	};
	const socket = { localAddress: '::ffff:127.0.0.1', localPort: port };
	return {
		getBodyData: () => body,
		getRequestObject: () => ({ originalUrl, body, socket }),
		getResponseObject: () => response,
		getQueryData: () => ({}),
	};
}
