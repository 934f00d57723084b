import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';

import { estimateCredits, formatCredits } from '../../nodes/Kling/api/pricing';
import { startEmulator } from '../../test/emulator';
import type { N8nInstance } from '../../test/harness/n8n/instance';
import { DemoFault, messageOf } from './fault';
import { addCredential, addWorkflow, choosePort, logFile, startWithPackage } from './instance';
import { demoOptions, type DemoOptions } from './options';
import { Progress } from './progress';
import { followTask, resultOf, saveVideo, startVideo } from './run';
import { Service } from './service';
import { Interrupted, Shutdown } from './shutdown';

const EMULATED_PACE_MS = 15_000;
const FOLLOW_MS = { emulated: 1_000, live: 5_000 };
/** What the example workflow asks for. */
const CREDITS = estimateCredits(5, false);
const ALIVE_POLL_MS = 1_000;
const INTERRUPTED_CODE = 130;

const progress = new Progress(process.stdout);
const shutdown = new Shutdown();

/** The task that was paid for, as long as its video is not saved. */
let unsavedTask: string | undefined;

async function emulatedService(options: DemoOptions): Promise<Service> {
	progress.step('Starting the emulated AI Video API');
	const log = logFile('emulator');
	const emulator = await startEmulator({ paceMs: EMULATED_PACE_MS, log: log.write });
	shutdown.add(async () => await emulator.stop());
	progress.detail(`at ${emulator.url}; a task takes ${EMULATED_PACE_MS / 1000} s there`);
	return new Service(emulator.url, emulator.apiKey, options.image ?? emulator.imageUrl());
}

async function liveService(options: DemoOptions): Promise<Service> {
	progress.step('Checking the key');
	const service = new Service(options.baseUrl, options.apiKey, options.image ?? '');
	const balance = await service.balance();
	progress.detail(`Balance: ${balance} credits. The video costs about ${formatCredits(CREDITS)}.`);
	if (balance < CREDITS) throw new DemoFault('The balance is too low for the video.');
	if (!options.yes) await agree();
	return service;
}

async function agree(): Promise<void> {
	const terminal = createInterface({ input: process.stdin, output: process.stdout });
	// In raw mode the terminal hands Ctrl-C to readline instead of sending a signal.
	terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
	shutdown.add(async () => terminal.close());
	const closed = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
	const answer = await Promise.race([terminal.question('  Spend them? [y/N] '), closed]);
	terminal.close();
	if (!/^y(es)?$/i.test(answer.trim())) {
		throw new DemoFault('Nothing was spent, because the answer was not “y”.');
	}
}

/** Returns the id of the workflow that made it. */
async function makeVideo(n8n: N8nInstance, service: Service, live: boolean): Promise<string> {
	progress.step('Adding the credential and the example workflow');
	const credentialId = await addCredential(n8n, service);
	const workflowId = await addWorkflow(n8n, credentialId, service.imageUrl);

	progress.step('Running the workflow: Create Video and Wait');
	const before = await service.balance();
	const { run, taskId } = await startVideo(n8n, workflowId);
	if (live) unsavedTask = taskId;
	progress.detail(`Image ${service.imageUrl}`);
	progress.detail(`Task ${taskId}`);
	progress.detail(`Balance before: ${before} credits`);
	const everyMs = live ? FOLLOW_MS.live : FOLLOW_MS.emulated;
	await followTask(run, taskId, { service, everyMs }, progress);

	const { path, bytes } = await saveVideo(await resultOf(run), taskId);
	unsavedTask = undefined;
	const after = await service.balance();
	progress.detail(`Balance after: ${after} credits (${before - after} spent)`);
	progress.step(`Saved ${path} (${Math.ceil(bytes / 1000)} kB)`);
	return workflowId;
}

async function stayUp(n8n: N8nInstance, workflowId: string): Promise<void> {
	progress.step('n8n stays up for you. Press Ctrl-C to stop everything.');
	progress.detail(`Log in as ${n8n.owner.email} with the password ${n8n.owner.password}`);
	progress.step(
		`Next: open ${n8n.url}/workflow/${workflowId} and click “Execute workflow”: it makes another video.`,
	);
	try {
		await shutdown.unlessInterrupted(untilGone(n8n.pid));
	} catch (error) {
		// From here on, Ctrl-C is how the demo is meant to end.
		if (!(error instanceof Interrupted)) throw error;
	}
}

async function untilGone(pid: number): Promise<never> {
	while (isAlive(pid)) await delay(ALIVE_POLL_MS);
	throw new DemoFault('n8n ended by itself; what it printed is in .cache/logs/n8n.log.');
}

function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}

async function demo(): Promise<void> {
	const options = demoOptions(process.argv.slice(2), {
		apiKey: process.env.AIVIDEOAPI_KEY,
		baseUrl: process.env.AIVIDEOAPI_BASE_URL,
		interactive: process.stdin.isTTY,
	});
	const port = await choosePort(options.port);
	const prepared = options.live ? liveService(options) : emulatedService(options);
	const service = await shutdown.unlessInterrupted(prepared);
	const n8n = await shutdown.unlessInterrupted(startWithPackage(progress, { port }));
	shutdown.add(async () => await n8n.stop());
	const workflowId = await shutdown.unlessInterrupted(makeVideo(n8n, service, options.live));
	if (!options.once) await stayUp(n8n, workflowId);
}

/** Reports how the demo ended, in one sentence, and gives the exit code. */
function report(error: unknown): number {
	progress.settle();
	const paid =
		unsavedTask === undefined ? '' : ` (task ${unsavedTask} was created and may still finish)`;
	if (error instanceof Interrupted) {
		console.error(`Stopped${paid}.`);
		return INTERRUPTED_CODE;
	}
	const message = messageOf(error).replace(/\.$/, '');
	const prefix = error instanceof DemoFault ? '' : 'The demo could not go on: ';
	console.error(`${prefix}${message}${paid}.`);
	return 1;
}

async function main(): Promise<number> {
	try {
		await demo();
		return 0;
	} catch (error) {
		return report(error);
	} finally {
		await shutdown.end();
	}
}

// Exits by itself: what was interrupted, such as a start of n8n, may not have come to its end.
void main().then((code) => process.exit(code));
