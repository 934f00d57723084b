import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { installPackage } from '../n8n/communityPackage';
import { instanceEnvironment } from '../n8n/environmentVariables';
import { showOnFailure, tail } from '../process/failureLogs';
import { freePorts } from '../process/ports';
import { ensureRuntime } from '../n8n/runtime';
import { ServerProcess } from '../process/serverProcess';

const START_MS = 180_000;
const POLL_MS = 100;
const HEAP_MB = 1536;

/** What each kind of process prints once it works. */
const READY_LINES = {
	worker: 'n8n worker is now ready',
	webhook: 'Webhook listener waiting for requests',
} as const;

export interface MemberOptions {
	kind: keyof typeof READY_LINES;
	name: string;
	args?: string[];
	tarball?: string;
	env: Record<string, string>;
	/** Where a webhook processor listens. */
	port?: number;
}

/** A worker or a webhook processor of a distributed n8n, in a user folder of its own. */
export class Member {
	readonly name: string;
	private readonly userFolder = mkdtempSync(join(tmpdir(), 'kling-n8n-'));
	private readonly lines: string[] = [];
	private readonly forgetLog: () => void;
	private server: ServerProcess | undefined;

	constructor(private readonly options: MemberOptions) {
		this.name = options.name;
		process.once('exit', this.abandon);
		this.forgetLog = showOnFailure(options.name, () => this.log());
	}

	/** Starts it, again after `kill`, and resolves when it works. */
	async start(): Promise<void> {
		const { kind, tarball, env, args = [] } = this.options;
		const runtime = await ensureRuntime();
		if (this.server === undefined && tarball !== undefined) {
			await installPackage(tarball, this.userFolder);
		}
		const seen = this.lines.length;
		const [broker = 0, spare = 0] = await freePorts(2);
		const place = {
			userFolder: this.userFolder,
			port: this.options.port ?? spare,
			brokerPort: broker,
			disabledModules: runtime.onlineModules,
		};
		this.server = new ServerProcess({
			node: runtime.node,
			args: [`--max-old-space-size=${HEAP_MB}`, runtime.n8n, kind, ...args],
			cwd: this.userFolder,
			env: { ...instanceEnvironment(place), ...env },
			onLine: (line) => this.lines.push(line),
		});
		await this.untilReady(this.server, seen);
	}

	log(): string {
		return this.lines.join('\n');
	}

	/** Whether a worker has had this execution in hand. */
	hasRun(executionId: string): boolean {
		return new RegExp(`started execution ${executionId}\\b`).test(this.log());
	}

	rssBytes(): number {
		return this.server?.rssBytes() ?? 0;
	}

	/** SIGKILL for the process and its children. */
	async kill(): Promise<void> {
		await this.server?.kill();
	}

	async stop(): Promise<void> {
		await this.server?.stop();
		this.forgetLog();
		process.off('exit', this.abandon);
		this.removeFolder();
	}

	private readonly abandon = (): void => {
		this.server?.abandon();
		this.removeFolder();
	};

	private async untilReady(server: ServerProcess, seen: number): Promise<void> {
		const readyLine = READY_LINES[this.options.kind];
		const giveUpAt = Date.now() + START_MS;
		while (!this.lines.slice(seen).some((line) => line.includes(readyLine))) {
			if (server.exit !== undefined || Date.now() > giveUpAt) {
				await server.kill();
				throw new Error(`The ${this.name} did not start:\n${tail(this.log())}`);
			}
			await delay(POLL_MS);
		}
	}

	private removeFolder(): void {
		rmSync(this.userFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
	}
}
