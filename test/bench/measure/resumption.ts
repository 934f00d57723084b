import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import type { Execution } from '../../harness/n8n/api';
import { noOp, set, webhook, workflow, type NodeSpec } from '../../harness/n8n/workflow';
import { callOften } from '../../harness/queue/stage';
import { startOf } from '../executions';
import { formatMilliseconds, type Row } from '../report';
import { resetEmulator, type BenchStage, type Deployed } from '../stages';
import { median, percentile } from '../statistics';
import { AFTER, httpRequest, n8nWait, WAY_NAMES, workflowFor, type Way } from '../workflows';

const SLEEPERS = 50;
const POLLERS = 20;
const FIRST_PACE_MS = 6_000;
const PACE_STEP_MS = 470;
/** Nobody asks n8n how far it is in this time after a resume: the answers would take its time. */
const QUIET_MS = 700;
const FIGURE = 'video ready → next node starts';

const numbered = (index: number) => ({ prompt: `Number ${index}` });

const promptSchema = z.object({ body: z.object({ prompt: z.string() }) });

/** The rows on how soon the next node starts, in regular mode with hardly any load. */
export async function resumptionRows(stage: BenchStage): Promise<Row[]> {
	const sleeping = await measureSleeping(stage);
	const rows: Row[] = [
		row(WAY_NAMES.callback, sleeping.ours),
		row('n8n’s own Wait node, resumed by a bare POST', sleeping.bare),
		row('the same with an HTTP Request node behind it that reads the task', sleeping.verified),
		ratio('n8n’s own Wait node', sleeping.ours, sleeping.bare),
		ratio('Wait node + HTTP Request node', sleeping.ours, sleeping.verified),
	];
	for (const way of ['poll', 'loop', 'inProcess'] as const) {
		rows.push(row(WAY_NAMES[way], await measurePolling(way, stage)));
	}
	return rows;
}

function row(what: string, sample: readonly number[]): Row {
	const [middle, high] = [median(sample), percentile(sample, 0.95)].map(formatMilliseconds);
	return {
		figure: FIGURE,
		what,
		value: `median ${String(middle)}, 95th percentile ${String(high)}`,
		n: sample.length,
	};
}

function ratio(what: string, ours: readonly number[], theirs: readonly number[]): Row {
	return {
		figure: FIGURE,
		what: `ratio of the medians: \`callback\` to ${what}`,
		value: `${(median(ours) / median(theirs)).toFixed(2)} ×`,
		n: SLEEPERS,
	};
}

interface Sleep {
	ours: number[];
	bare: number[];
	verified: number[];
}

/** All kinds of sleep in turn, so that none has the better moments. */
async function measureSleeping(stage: BenchStage): Promise<Sleep> {
	const { emulator, n8n, log } = stage;
	resetEmulator(emulator);
	const own = await stage.deploy(workflowFor('callback', stage, 'resume-callback'));
	await callOften(own.url, SLEEPERS, numbered);
	await log.untilCount(own.id, 'waiting', SLEEPERS);
	const tasks = [...emulator.tasks()];
	const bare = await openSleepers(stage, 'resume-bare');
	const readId = tasks[0]?.id ?? '';
	const verified = await openSleepers(
		stage,
		'resume-verified',
		httpRequest(stage, 'GET', `/v1/tasks/${readId}`),
	);
	const result: Sleep = { ours: [], bare: [], verified: [] };
	const resume = async ({ id, url }: Sleeper): Promise<number> => {
		const sentAt = Date.now();
		await (await fetch(url, { method: 'POST' })).text();
		await delay(QUIET_MS);
		return startOf(await n8n.api.waitForExecution(id, { status: 'success' }), AFTER) - sentAt;
	};
	for (const [index, task] of tasks.entries()) {
		await emulator.complete(task.id);
		await delay(QUIET_MS);
		await log.untilCount(own.id, 'success', index + 1);
		const [bareOne, verifiedOne] = [bare[index], verified[index]];
		if (bareOne === undefined || verifiedOne === undefined) throw new Error('Too few sleepers');
		result.bare.push(await resume(bareOne));
		result.verified.push(await resume(verifiedOne));
	}
	return { ...result, ours: await sinceCompletion(stage, own) };
}

interface Sleeper {
	id: string;
	/** Its resume URL. */
	url: string;
}

/** Executions that sleep in n8n's own Wait node, with a node behind it or without. */
async function openSleepers(
	{ n8n, log, deploy }: BenchStage,
	path: string,
	behind: NodeSpec = noOp(),
): Promise<Sleeper[]> {
	const deployed = await deploy(
		workflow(path)
			.node('Webhook', webhook(path))
			.node('Address', set({ resumeUrl: '={{ $execution.resumeUrl }}' }))
			.node('Wait', n8nWait({ resume: 'webhook', httpMethod: 'POST', options: {} }))
			.node('Behind', behind)
			.node(AFTER, noOp())
			.chain(
				'Webhook',
				'Address',
				'Wait',
				...(behind.type.endsWith('noOp') ? [] : ['Behind']),
				AFTER,
			)
			.json(),
	);
	await callOften(deployed.url, SLEEPERS, numbered);
	await log.untilCount(deployed.id, 'waiting', SLEEPERS);
	return (await log.allInFull(deployed.id)).map((execution) => ({
		id: execution.id,
		url: z.string().parse(n8n.api.outputOf(execution, 'Address')[0]?.json.resumeUrl),
	}));
}

/** Videos that become ready at moments spread over the interval. */
async function measurePolling(way: Way, stage: BenchStage): Promise<number[]> {
	resetEmulator(stage.emulator);
	const deployed = await stage.deploy(workflowFor(way, stage, `resume-${way}`));
	await callOften(deployed.url, POLLERS, (index) => ({
		prompt: `Number ${index} [pace:${FIRST_PACE_MS + index * PACE_STEP_MS}ms]`,
	}));
	await stage.log.untilCount(deployed.id, 'success', POLLERS);
	return await sinceCompletion(stage, deployed);
}

/** From the moment the emulator had each video ready to the start of the next node. */
export async function sinceCompletion(stage: BenchStage, { id }: Deployed): Promise<number[]> {
	const finishedAt = new Map(
		stage.emulator.tasks().map((task) => [task.prompt, task.finishedAt ?? Number.NaN]),
	);
	return (await stage.log.allInFull(id)).map((execution) => {
		const ready = finishedAt.get(promptOf(execution, stage));
		if (ready === undefined) throw new Error(`No task belongs to execution ${execution.id}`);
		return startOf(execution, AFTER) - ready;
	});
}

function promptOf(execution: Execution, { n8n }: BenchStage): string {
	return promptSchema.parse(n8n.api.outputOf(execution, 'Webhook')[0]?.json).body.prompt;
}
