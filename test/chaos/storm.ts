import { setTimeout as delay } from 'node:timers/promises';

import type { EmulatedTask } from '../emulator';
import { ExecutionLog } from '../bench/executions';
import type { Execution } from '../harness/n8n/api';
import { isFinished } from '../harness/n8n/execution';
import type { Stage } from '../harness/n8n/stage';
import { code, webhook, workflow } from '../harness/n8n/workflow';
import { numberOf, randomFrom, type ChaosPlan, type Way } from './plan';

/** What came out for one video. */
export interface CameOut {
	/** The item's number: what went in. */
	number: number;
	/** What came out beside it. */
	json: Record<string, unknown>;
	/** Epoch ms. */
	at: number;
}

export interface StormResult {
	plan: ChaosPlan;
	tasks: readonly EmulatedTask[];
	cameOut: CameOut[];
	/** Bodies that spoke of videos which were not ready, with an address of their own. */
	forged: number;
	/** The executions that n8n itself gave up, or that ended otherwise than they should. */
	ended: Array<{ id: string; status: string }>;
	reads: number;
	faults: number;
	/** When n8n was last seen with nothing in hand before it was killed, and when it was there again; epoch ms. */
	downFrom: number;
	downUntil: number;
}

const FORGED_URL = 'https://forged.example/video.mp4';
const FORGE_EVERY_MS = 1_500;
const LOOK_AGAIN_MS = 1_000;
/** Each fault hits one in so many reads: five of a hundred altogether. */
const FAULT_EVERY = 60;
/** n8n's own timer ends a wait that nobody looks after any more this long after its time. */
const NET_MS = 100_000;
const AFTER_THAT_MS = 90_000;

/** What is killed and started again. */
export interface Victim {
	kill(): Promise<void>;
	start(): Promise<void>;
}

/** Lets the storm loose on an n8n, and gathers what came out when nothing is left to happen. */
export async function runStorm(
	stage: Stage,
	plan: ChaosPlan,
	victim: Victim,
): Promise<StormResult> {
	const { emulator, n8n } = stage;
	emulator.setBalance(emulator.apiKey, 10_000_000);
	const paths = await publishWays(stage, plan);
	const end = new AbortController();
	const random = randomFrom(plan.videos.length);
	hitReads(stage);
	const forgery = forge(stage, random, end.signal);

	const startedAt = Date.now();
	const killing = killOnce(stage, plan, victim);
	try {
		await startAll(stage, plan, paths, startedAt, killing);
		const down = await killing;
		const executions = await untilAllEnded(new ExecutionLog(n8n), paths, plan);
		end.abort();
		const forged = await forgery;
		await emulator.settled();
		return {
			plan,
			tasks: emulator.tasks(),
			cameOut: executions.flatMap(itemsOf),
			forged,
			ended: executions
				.filter(({ status }) => status !== 'success')
				.map(({ id, status }) => ({ id, status })),
			reads: emulator.count({ route: 'getTask' }),
			faults: emulator.requests.filter(({ fault }) => fault !== undefined).length,
			...down,
		};
	} finally {
		end.abort();
	}
}

async function killOnce(
	stage: Stage,
	{ killAfterMs }: ChaosPlan,
	victim: Victim,
): Promise<Pick<StormResult, 'downFrom' | 'downUntil'>> {
	await delay(killAfterMs);
	const downFrom = await untilQuiet(stage);
	await victim.kill();
	await victim.start();
	return { downFrom, downUntil: Date.now() };
}

type Paths = Record<Way, { id: string; path: string }>;

async function publishWays(stage: Stage, { timeoutMinutes }: ChaosPlan): Promise<Paths> {
	const prompt = '={{ $json.body.prompt }}';
	const timeout = timeoutMinutes;
	const publish = async (way: Way, json: ReturnType<typeof workflow>) => {
		const { id } = await stage.publish(json.json());
		return { id, path: `chaos-${way}` };
	};
	const begin = (way: Way) => workflow(`Chaos ${way}`).node('Webhook', webhook(`chaos-${way}`));
	const creates = (parameters: Record<string, unknown>) => stage.creates({ prompt, ...parameters });
	return {
		createAndWait: await publish(
			'createAndWait',
			begin('createAndWait')
				.node('Out', creates({ operation: 'createAndWait', timeout }))
				.chain('Webhook', 'Out'),
		),
		wait: await publish(
			'wait',
			begin('wait')
				.node('Create', creates({}))
				.node('Out', stage.kling({ operation: 'wait', timeout }))
				.chain('Webhook', 'Create', 'Out'),
		),
		trigger: await publish(
			'trigger',
			begin('trigger')
				.node('Create', creates({ callback: 'trigger' }))
				.node('Out', stage.trigger())
				.chain('Webhook', 'Create'),
		),
		batch: await publish(
			'batch',
			begin('batch')
				.node(
					'Items',
					code(
						'return $input.first().json.body.prompts.map((prompt) => ({ json: { body: { prompt } } }));',
					),
				)
				.node('Out', creates({ operation: 'createAndWait', timeout }))
				.chain('Webhook', 'Items', 'Out'),
		),
	};
}

function hitReads({ emulator }: Stage): void {
	const match = { path: '/v1/tasks/' };
	const often = { times: 'always', every: FAULT_EVERY } as const;
	emulator.fault({ match, fault: { http: '429-rate', retryAfter: 2 }, skip: 5, ...often });
	emulator.fault({ match, fault: 'http:503', skip: 15, ...often });
	emulator.fault({ match, fault: 'reset', skip: 25, ...often });
}

async function startAll(
	stage: Stage,
	plan: ChaosPlan,
	paths: Paths,
	startedAt: number,
	killing: Promise<unknown>,
): Promise<void> {
	const call = async (way: Way, body: unknown) => {
		const response = await fetch(stage.n8n.webhookUrl(paths[way].path), {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		if (!response.ok) throw new Error(`The webhook answered ${response.status}`);
	};
	const batch = plan.videos.filter(({ way }) => way === 'batch');
	await call('batch', { prompts: batch.map(({ prompt }) => prompt) });
	const single = plan.videos.filter(({ way }) => way !== 'batch');
	for (const [index, { way, prompt }] of single.entries()) {
		const at = startedAt + (index / single.length) * plan.startsWithinMs;
		await delay(Math.max(0, at - Date.now()));
		// Nobody starts a workflow while n8n is down.
		const isDue = Date.now() - startedAt > plan.killAfterMs - 3_000;
		if (isDue) await killing;
		await call(way, { prompt });
	}
}

/** Until no execution runs, and when that was: what n8n has in hand when it is killed, it gives up itself. */
async function untilQuiet({ n8n }: Stage): Promise<number> {
	for (let looks = 1; ; looks++) {
		const at = Date.now();
		const listed = await n8n.api.listExecutions();
		const isQuiet = listed.every(({ status }) => status === 'waiting' || isFinished(status));
		if (isQuiet || looks === 120) return at;
		await delay(250);
	}
}

/** Bodies that anyone could send: to the addresses that were given out, about videos not ready. */
async function forge(
	{ emulator }: Stage,
	random: () => number,
	signal: AbortSignal,
): Promise<number> {
	let sent = 0;
	while (!signal.aborted) {
		await delay(FORGE_EVERY_MS);
		const open = emulator
			.tasks()
			.filter(({ status, callbackUrl }) => callbackUrl !== undefined && status === 'processing');
		const task = open[Math.floor(random() * open.length)];
		if (task?.callbackUrl === undefined) continue;
		const body = { id: task.id, status: 'completed', output: { urls: [FORGED_URL] } };
		await emulator.sendCallback(task.id, { url: task.callbackUrl, body });
		sent += 1;
	}
	return sent;
}

async function untilAllEnded(
	log: ExecutionLog,
	paths: Paths,
	plan: ChaosPlan,
): Promise<Execution[]> {
	const giveUpAt =
		Date.now() + plan.longestMs + plan.timeoutMinutes * 60_000 + NET_MS + AFTER_THAT_MS;
	const ids = Object.values(paths).map(({ id }) => id);
	for (;;) {
		let open = 0;
		for (const id of ids) {
			for (const status of ['new', 'running', 'waiting']) open += await log.count(id, status);
		}
		if (open === 0 || Date.now() > giveUpAt) break;
		await delay(LOOK_AGAIN_MS);
	}
	const all: Execution[] = [];
	for (const id of ids) all.push(...(await log.allInFull(id)));
	return all;
}

/** What an execution gave out for which number; an execution that created for a trigger gives none. */
function itemsOf(execution: Execution): CameOut[] {
	const { runData } = execution.data.resultData;
	const out = runData.Out?.at(-1)?.data?.main ?? [];
	const at = Date.parse(execution.stoppedAt ?? execution.startedAt ?? '');
	const numbers = (runData.Items ?? runData.Webhook)?.[0]?.data?.main?.[0]?.map(({ json }) =>
		numberIn(json),
	);
	return out.flatMap((items) =>
		(items ?? []).map(({ json }, index) => ({
			number: numbers?.[index] ?? Number.NaN,
			json,
			at: numbers === undefined ? Date.parse(execution.startedAt ?? '') : at,
		})),
	);
}

function numberIn(json: Record<string, unknown>): number {
	const text = /"prompt":"(No \d+\.)/.exec(JSON.stringify(json))?.[1];
	return numberOf(text ?? '');
}

/** Whether anything that came out holds what only a forged body said. */
export function isForged({ json }: CameOut): boolean {
	return JSON.stringify(json).includes(FORGED_URL);
}
