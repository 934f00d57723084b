import { startEmulator, type Emulator, type EmulatorOptions } from '../emulator';
import { startN8n } from '../harness/n8n/instance';
import { packPackage } from '../harness/n8n/package';
import type { WorkflowJson } from '../harness/n8n/workflow';
import { stageOn, type Stage } from '../harness/n8n/stage';
import { startCluster } from '../harness/queue/cluster';
import { ExecutionLog } from './executions';
import { CUSTOM_NODES, HEADER_CREDENTIAL, type Api } from './workflows';

const PLENTY = 10_000_000;

/** An n8n to measure in, with a log of all its executions. */
export interface BenchStage extends Stage, Api {
	readonly emulator: Emulator;
	readonly log: ExecutionLog;
	/** Saves and activates a workflow that starts by a webhook. */
	deploy(json: WorkflowJson): Promise<Deployed>;
}

export interface Deployed {
	id: string;
	/** The address that starts it. */
	url: string;
}

const ENV = { N8N_CUSTOM_EXTENSIONS: CUSTOM_NODES };

/** One n8n in regular mode with SQLite, as it is installed by default. */
export async function openRegular(
	options: EmulatorOptions = {},
	env: Record<string, string> = {},
): Promise<BenchStage> {
	return await open(
		options,
		async () => await startN8n({ tarball: await packPackage(), env: { ...ENV, ...env } }),
	);
}

/** Queue mode with one worker. */
export async function openQueue(
	concurrency: number,
	options: EmulatorOptions = {},
): Promise<BenchStage> {
	return await open(
		options,
		async () =>
			await startCluster({ tarball: await packPackage(), workers: 1, concurrency, env: ENV }),
	);
}

async function open(
	options: EmulatorOptions,
	start: () => Promise<Stage['n8n']>,
): Promise<BenchStage> {
	const emulator = await startEmulator({
		paceMs: Infinity,
		callbackTimeoutMs: 120_000,
		...options,
	});
	try {
		emulator.setBalance(emulator.apiKey, PLENTY);
		const stage = await stageOn(emulator, await start());
		const headerCredential = await headerCredentialOn(stage);
		return {
			...stage,
			headerCredential,
			log: new ExecutionLog(stage.n8n),
			deploy: deployOn(stage),
		};
	} catch (error) {
		await emulator.stop();
		throw error;
	}
}

async function headerCredentialOn({ n8n, emulator }: Stage): Promise<string> {
	try {
		return await n8n.api.createCredential({
			name: HEADER_CREDENTIAL,
			type: 'httpHeaderAuth',
			data: { name: 'Authorization', value: `Bearer ${emulator.apiKey}` },
		});
	} catch (error) {
		await n8n.stop();
		throw error;
	}
}

function deployOn(stage: Stage): BenchStage['deploy'] {
	return async (json) => {
		const { id } = await stage.n8n.api.createWorkflow(json);
		await stage.n8n.api.activate(id);
		const start = json.nodes.find(({ type }) => type === 'n8n-nodes-base.webhook');
		return { id, url: stage.n8n.webhookUrl(String(start?.parameters.path)) };
	};
}

/** Forgets everything the emulator knows, and fills the account again. */
export function resetEmulator(emulator: Emulator): void {
	emulator.reset();
	emulator.setBalance(emulator.apiKey, PLENTY);
}
