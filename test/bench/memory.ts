/**
 * How much memory a large video costs n8n while it passes through, in both wait strategies.
 *
 * `npx tsx test/bench/memory.ts [MiB]` prints a table, and fails when n8n grew by 60 MB or more.
 */
import { createReadStream } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

import type { ExecutionBinary } from '../harness/n8n/api';
import { numbered, openStage, production, until, type Stage } from '../harness/n8n/stage';
import { residentMb, watchPeak } from './resident';

const VIDEO_MB = Number(process.argv[2] ?? 300);
const LIMIT_MB = 60;
const REST_MS = 3_000;
const RUN_MS = 300_000;

const STRATEGIES = ['poll', 'callback'] as const;
type Strategy = (typeof STRATEGIES)[number];

interface Passage {
	taskId: string;
	binary: ExecutionBinary;
}

interface Result {
	strategy: Strategy;
	beforeMb: number;
	peakMb: number;
	isWhole: boolean;
}

/** Create Video and Wait with Download Video, from start to end. */
async function pass(stage: Stage, strategy: Strategy, marker: string): Promise<Passage> {
	const { emulator, n8n } = stage;
	const before = emulator.tasks().length;
	const { start } = await stage.publish(
		production(`Memory: ${strategy}`, numbered(1), {
			Kling: stage.creates({
				operation: 'createAndWait',
				prompt: `A cat ${marker}`,
				waitStrategy: strategy,
				downloadVideo: true,
				options: { pollInterval: 2 },
			}),
		}),
	);
	const id = await start();
	const task = await until(() => emulator.tasks()[before]);
	if (strategy === 'callback') await n8n.api.waitForExecution(id, { status: 'waiting' });
	await emulator.complete(task.id);
	const done = await n8n.api.waitForExecution(id, { status: 'success', timeoutMs: RUN_MS });
	const [item] = n8n.api.outputOf(done, 'Kling');
	const binary = item?.binary?.data;
	if (binary === undefined) throw new Error(`No file: ${String(item?.json.downloadError)}`);
	return { taskId: task.id, binary };
}

/** The digest of a file in n8n's filesystem store, read from disk so that n8n has no part in it. */
async function sha256OnDisk(userFolder: string, { id = '' }: ExecutionBinary): Promise<string> {
	const path = join(userFolder, '.n8n', 'storage', id.slice(id.indexOf(':') + 1));
	const hash = createHash('sha256');
	await pipeline(createReadStream(path), hash);
	return hash.digest('hex');
}

async function measure(stage: Stage, strategy: Strategy): Promise<Result> {
	const { emulator, n8n } = stage;
	// What the code itself takes when it is first used is no part of the video.
	await pass(stage, strategy, '[video-mb:1]');
	await delay(REST_MS);
	const beforeMb = residentMb(n8n.pid);
	const peak = watchPeak(n8n.pid);
	const { taskId, binary } = await pass(stage, strategy, `[video-mb:${VIDEO_MB}]`);
	const peakMb = peak.stop();
	const isWhole =
		binary.bytes === VIDEO_MB * 1024 * 1024 &&
		(await sha256OnDisk(n8n.userFolder, binary)) === (await emulator.videoSha256(taskId));
	return { strategy, beforeMb, peakMb, isWhole };
}

function show(results: readonly Result[]): void {
	const row = (cells: readonly string[]) => cells.map((cell) => cell.padStart(12)).join('');
	console.log(`\nA video of ${VIDEO_MB} MB through n8n; memory of its process in MB\n`);
	console.log(row(['strategy', 'before', 'peak', 'growth', 'file']));
	for (const { strategy, beforeMb, peakMb, isWhole } of results) {
		const numbers = [beforeMb, peakMb, peakMb - beforeMb].map((mb) => mb.toFixed(0));
		console.log(row([strategy, ...numbers, isWhole ? 'identical' : 'BROKEN']));
	}
	console.log(`\nThe limit for the growth is ${LIMIT_MB} MB.`);
}

async function main(): Promise<void> {
	const stage = await openStage({ emulator: { paceMs: Infinity, callbackTimeoutMs: RUN_MS } });
	try {
		const results: Result[] = [];
		for (const strategy of STRATEGIES) results.push(await measure(stage, strategy));
		show(results);
		const isFine = ({ beforeMb, peakMb, isWhole }: Result) =>
			isWhole && peakMb - beforeMb < LIMIT_MB;
		if (!results.every(isFine)) process.exitCode = 1;
	} finally {
		await stage.stop();
	}
}

void main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
