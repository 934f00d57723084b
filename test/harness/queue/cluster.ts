import { randomBytes } from 'node:crypto';

import { startGateway, type Gateway } from '../gateway';
import type { N8nApi } from '../n8n/api';
import { startN8n, type N8nInstance } from '../n8n/instance';
import { freePort } from '../process/ports';
import type { Owner } from '../n8n/rest';
import { runSql } from './clients';
import { newMember, type Member } from './member';
import type { Server } from '../process/server';
import { startServices, type Services } from './services';

/** What n8n’s documentation sends to the webhook processors; all else is the main process’s. */
const FOR_WEBHOOK_PROCESSORS = /^\/(webhook|webhook-waiting|form|form-waiting|mcp)\//;

export interface ClusterOptions {
	tarball?: string;
	/** Two by default. */
	workers?: number;
	/** How many take the webhooks, by turns; one by default. */
	webhooks?: number;
	/** How many executions each worker has in hand at once, 5 by default. */
	concurrency?: number;
	/** For all processes. */
	env?: Record<string, string>;
}

/**
 * A distributed n8n behind a load balancer: as an instance it is the main process, except that
 * webhooks and callbacks go to the webhook processor.
 */
export interface Cluster extends N8nInstance {
	readonly workers: readonly Member[];
	/** The first of the webhook processors. */
	readonly webhook: Member;
	/** The public address of all of it. */
	readonly publicUrl: string;
	readonly redis: Server;
	/** The workers that have had an execution in hand. */
	ranOn(executionId: string): Member[];
	/** Runs a statement in n8n's database. */
	sql(statement: string): Promise<unknown>;
}

/** Starts Redis, PostgreSQL, a load balancer, the main process, webhook processors and the workers. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
	const { workers = 2, webhooks = 1, concurrency = 5, tarball } = options;
	const services = await startServices();
	const started: Array<{ stop(): Promise<void> }> = [services];
	try {
		const mainPort = await freePort();
		const webhookPorts: number[] = [];
		while (webhookPorts.length < webhooks) webhookPorts.push(await freePort());
		let calls = 0;
		const gateway = await startGateway(({ pathname }) => {
			const isForThem = FOR_WEBHOOK_PROCESSORS.test(pathname);
			const port = isForThem ? webhookPorts[calls++ % webhooks] : mainPort;
			return `http://127.0.0.1:${port}`;
		});
		started.unshift(gateway);
		const env = { ...sharedEnvironment(gateway.url), ...services.env, ...options.env };
		// First and alone: it sets up the database.
		const main = await startN8n({ tarball, port: mainPort, env });
		started.unshift(main);
		const processors = webhookPorts.map((port, index) =>
			newMember({ kind: 'webhook', name: `webhook processor ${index + 1}`, tarball, env, port }),
		);
		const pool = Array.from({ length: workers }, (_, index) =>
			newMember({
				kind: 'worker',
				name: `worker ${index + 1}`,
				args: [`--concurrency=${concurrency}`],
				tarball,
				env,
			}),
		);
		const members = [...processors, ...pool];
		started.unshift(...members);
		await Promise.all(members.map(async (member) => await member.start()));
		return new RunningCluster(main, processors, pool, services, gateway);
	} catch (error) {
		await stopAll(started);
		throw error;
	}
}

function sharedEnvironment(publicUrl: string): Record<string, string> {
	return {
		EXECUTIONS_MODE: 'queue',
		N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex'),
		N8N_DEFAULT_BINARY_DATA_MODE: 'database',
		// n8n's own choice of two makes a burst of callbacks wait for each other until some fail.
		DB_POSTGRESDB_POOL_SIZE: '10',
		WEBHOOK_URL: `${publicUrl}/`,
		N8N_EDITOR_BASE_URL: `${publicUrl}/`,
	};
}

async function stopAll(parts: ReadonlyArray<{ stop(): Promise<void> }>): Promise<void> {
	for (const part of parts) await part.stop();
}

class RunningCluster implements Cluster {
	constructor(
		private readonly main: N8nInstance,
		private readonly webhooks: readonly Member[],
		readonly workers: readonly Member[],
		private readonly services: Services,
		private readonly gateway: Gateway,
	) {}

	get url(): string {
		return this.main.url;
	}

	get webhook(): Member {
		const [first] = this.webhooks;
		if (first === undefined) throw new Error('There is no webhook processor.');
		return first;
	}

	get publicUrl(): string {
		return this.gateway.url;
	}

	get port(): number {
		return this.main.port;
	}

	get userFolder(): string {
		return this.main.userFolder;
	}

	get pid(): number {
		return this.main.pid;
	}

	get owner(): Owner {
		return this.main.owner;
	}

	get api(): N8nApi {
		return this.main.api;
	}

	get redis(): Server {
		return this.services.redis;
	}

	log(): string {
		return this.main.log();
	}

	webhookUrl(path: string): string {
		return `${this.gateway.url}/webhook/${path.replace(/^\//, '')}`;
	}

	ranOn(executionId: string): Member[] {
		return this.workers.filter((worker) => worker.hasRun(executionId));
	}

	async sql(statement: string): Promise<unknown> {
		return await runSql(this.services.env, statement);
	}

	async kill(): Promise<void> {
		await this.main.kill();
	}

	async restart(env?: Record<string, string>): Promise<void> {
		await this.main.restart(env);
	}

	async rssBytes(): Promise<number> {
		const parts = [this.main, ...this.webhooks, ...this.workers];
		const sizes = await Promise.all(parts.map(async (part) => await part.rssBytes()));
		return sizes.reduce((sum, bytes) => sum + bytes, 0);
	}

	async stop(): Promise<void> {
		await stopAll([...this.workers, ...this.webhooks, this.main, this.gateway, this.services]);
	}
}
