import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import pidtree from 'pidtree';
import pidusage from 'pidusage';

const PARENT_WATCH = join(__dirname, 'parent-watch.cjs');
const GRACE_MS = 10_000;

export interface ServerCommand {
	node: string;
	args: string[];
	env: Record<string, string>;
}

/** A Node process in a process group of its own, which never outlives the process that started it. */
export class ServerProcess {
	readonly pid: number;
	private readonly child: ChildProcess;
	private readonly ended: Promise<string>;
	private outcome: string | undefined;

	constructor(command: ServerCommand, cwd: string, onLine: (line: string) => void) {
		const child = spawn(command.node, ['--require', PARENT_WATCH, ...command.args], {
			cwd,
			env: command.env,
			detached: true,
			stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
		});
		this.ended = this.watch(child);
		forwardLines(child.stdout, onLine);
		forwardLines(child.stderr, onLine);
		// A forgotten server must not keep its starter alive: it ends with it.
		child.unref();
		for (const stream of child.stdio) if (stream instanceof Socket) stream.unref();
		this.child = child;
		// A pid is missing only when spawning failed; `ended` then says why.
		this.pid = child.pid ?? 0;
	}

	/** How it ended (“exit code 1”, “signal SIGKILL”), or undefined while it runs. */
	get exit(): string | undefined {
		return this.outcome;
	}

	/** Resolves with how it ended. */
	async waitForExit(): Promise<string> {
		this.child.ref();
		return await this.ended;
	}

	/** Asks it to end, then ends whatever is left of its group. */
	async stop(): Promise<void> {
		if (this.outcome === undefined) {
			signal(this.pid, 'SIGTERM');
			await Promise.race([this.waitForExit(), delay(GRACE_MS, undefined, { ref: false })]);
		}
		await this.kill();
	}

	/** Ends the whole group at once, without a chance to tidy up. */
	async kill(): Promise<void> {
		if (this.pid === 0) return;
		this.abandon();
		await this.waitForExit();
	}

	/** Ends the whole group without waiting for it. */
	abandon(): void {
		if (this.pid !== 0) signal(-this.pid, 'SIGKILL');
	}

	/** Resident memory of the process and all its descendants. */
	async rssBytes(): Promise<number> {
		const family = await pidtree(this.pid, { root: true });
		const usages = Object.values(await pidusage(family));
		return usages.reduce((sum, { memory }) => sum + memory, 0);
	}

	private async watch(child: ChildProcess): Promise<string> {
		return await new Promise((resolve) => {
			const end = (outcome: string) => {
				this.outcome = outcome;
				resolve(outcome);
			};
			child.once('error', (error) => end(error.message));
			child.once('exit', (code, name) =>
				end(name === null ? `exit code ${String(code)}` : `signal ${name}`),
			);
		});
	}
}

function signal(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(pid, name);
	} catch {
		// Already gone.
	}
}

function forwardLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
	let rest = '';
	stream?.setEncoding('utf8');
	stream?.on('data', (chunk: string) => {
		const lines = (rest + chunk).split('\n');
		rest = lines.pop() ?? '';
		lines.forEach(onLine);
	});
	stream?.on('end', () => {
		if (rest !== '') onLine(rest);
	});
}
