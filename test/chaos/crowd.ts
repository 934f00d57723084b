import { startEmulator, type Emulator } from '../emulator';
import { formatSeconds } from '../bench/report';
import { openRegular, type BenchStage } from '../bench/stages';
import { percentile } from '../bench/statistics';
import { sinceCompletion } from '../bench/measure/resumption';
import { AFTER } from '../bench/workflows';
import { kling, noOp, webhook, workflow, type WorkflowJson } from '../harness/n8n/workflow';
import { callOften } from '../harness/queue/stage';

/** Executions asleep for an account whose every read is answered 429, and those of a healthy one. */
export interface CrowdSize {
	limited: number;
	healthy: number;
	/** Of the healthy account's videos, whose callbacks are all lost. */
	lengthMs: number;
}

export const CROWD: CrowdSize = { limited: 300, healthy: 50, lengthMs: 20_000 };

/** From ready to the next node, in milliseconds. */
export interface CrowdReport {
	size: CrowdSize;
	alone: number[];
	beside: number[];
}

const PAUSE_SECONDS = 50;

/**
 * Measures how late videos of a healthy account come out whose callbacks are lost, so that only this
 * package's own looks find them: alone, and beside the sleepers of an account that is limited.
 */
export async function runCrowd(size: CrowdSize): Promise<CrowdReport> {
	const stage = await openRegular({ paceMs: size.lengthMs });
	const limited = await startEmulator({ paceMs: Infinity });
	try {
		const alone = await healthyVideos(stage, size, 'alone');
		await fallAsleepLimited(stage, limited, size.limited);
		const beside = await healthyVideos(stage, size, 'beside');
		return { size, alone, beside };
	} finally {
		await stage.stop();
		await limited.stop();
	}
}

async function healthyVideos(stage: BenchStage, size: CrowdSize, name: string): Promise<number[]> {
	const deployed = await stage.deploy(waitsFor(stage, name));
	await callOften(deployed.url, size.healthy, (index) => ({
		prompt: `${name} ${index} [callback:lost]`,
	}));
	await stage.log.untilCount(deployed.id, 'success', size.healthy);
	return await sinceCompletion(stage, deployed);
}

async function fallAsleepLimited(
	stage: BenchStage,
	limited: Emulator,
	count: number,
): Promise<void> {
	limited.setBalance(limited.apiKey, 10_000_000);
	const credential = await stage.n8n.api.createCredential({
		name: 'Limited',
		type: 'aiVideoApi',
		data: { apiKey: limited.apiKey, baseUrl: limited.url },
	});
	const deployed = await stage.deploy(waitsFor(stage, 'limited', credential));
	await callOften(deployed.url, count, (index) => ({ prompt: `No ${index}` }));
	await stage.log.untilCount(deployed.id, 'waiting', count);
	limited.fault({
		match: { path: '/v1/tasks/' },
		fault: { http: '429-rate', retryAfter: PAUSE_SECONDS },
		times: 'always',
	});
}

function waitsFor(stage: BenchStage, path: string, credential = stage.credential): WorkflowJson {
	const video = kling(
		{
			operation: 'createAndWait',
			prompt: '={{ $json.body.prompt }}',
			imageUrls: stage.emulator.imageUrl(),
			timeout: 60,
		},
		credential,
	);
	return workflow(path)
		.node('Webhook', webhook(path))
		.node('Video', video)
		.node(AFTER, noOp())
		.chain('Webhook', 'Video', AFTER)
		.json();
}

/** One line for each of the two times. */
export function toCrowdTable({ size, alone, beside }: CrowdReport): string {
	const cells = (late: readonly number[]) =>
		[0.5, 0.95, 1].map((share) => formatSeconds(percentile(late, share) / 1000)).join(' | ');
	return [
		`| ${size.healthy} videos whose callbacks are lost | median | 95 % within | worst |`,
		'| --- | --- | --- | --- |',
		`| alone | ${cells(alone)} |`,
		`| beside ${size.limited} sleepers of an account that is limited | ${cells(beside)} |`,
	].join('\n');
}
