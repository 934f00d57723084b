import type { IExecuteFunctions } from 'n8n-workflow';

import { type ApiClient, openClient } from '../api/client';
import { Failure } from '../api/failure';
import { AFTER_FAULT, type Growth, pauseMs } from '../api/retry';
import type { Task } from '../api/task';
import { type Due, everythingDue } from '../n8n/dueWork';
import { withoutCancelling } from '../n8n/execution';
import { noteInstance, type OwnAnswer, postToSelf } from '../n8n/ownAddress';
import { look, openOf } from './look';

/** Between looks at tasks: about 1, 2, 4, 8 … minutes, at most an hour. */
export const BETWEEN_LOOKS: Growth = { firstMs: 60_000, factor: 2, longestMs: 3_600_000 };

/** What is answered where the same call may be answered otherwise later; null by n8n itself. */
const AGAIN = new Set([null, 'open', 'unread', 'unusable']);

function accountsOf(tasks: readonly Task[]): string {
	const accounts = new Set(tasks.flatMap(({ client }) => client?.account ?? []));
	return [...accounts].sort().join();
}

/** A call of this n8n to itself, made once all its tasks are over: looks on a schedule, then the call. */
export abstract class OwnCall implements Due {
	/** It needs no call: somebody else was faster. */
	isDone = false;

	private looks = 0;

	private faults = 0;

	constructor(
		readonly key: string,
		/** Where to call; null where this process only remembers the tasks. */
		private readonly url: string | null,
		protected readonly taskId: string,
		public dueAt: number,
		public endsAt: number,
		/** It keeps their clients. */
		public tasks: readonly Task[],
		private readonly ownHost: ApiClient['host'] | null = null,
		readonly lane = accountsOf(tasks) || key,
	) {}

	/** It holds all the data of an execution or call; null where this process does not call. */
	get host(): ApiClient['host'] | null {
		const held = this.tasks.find(({ client }) => client !== null);
		return this.ownHost ?? held?.client?.host ?? null;
	}

	/** What the call says. It is not believed, like that of any callback. */
	protected get report(): object {
		return { id: this.taskId, status: 'completed' };
	}

	/** What n8n's log says when this n8n cannot be reached at its own address. */
	protected abstract readonly unheard: string | null;

	/** Gives a task that is still open, or null when there is nothing to wait for. */
	protected async look(): Promise<Task | null> {
		return await look(this.tasks);
	}

	async run(): Promise<number | null> {
		const { host, unheard } = this;
		if (this.url === null || host === null) return Infinity;
		const open = await this.look();
		// A callback may have come while the tasks were read.
		if (this.isDone) return null;
		if (open !== null) {
			// Readings of open tasks are not worth the memory.
			for (const task of openOf(this.tasks)) task.reading = null;
			return open.failure === null ? this.later() : this.soon(open.failure.detail.retryAfterMs);
		}
		// That it comes from here lets the webhook take its time.
		const body = JSON.stringify({ ...this.report, from: 'n8n' });
		const answer = await postToSelf(host.httpRequest, this.url, body);
		if (answer === null && this.faults === 0 && unheard !== null) host.logger.warn(unheard);
		return this.after(answer);
	}

	/** When it is due again, or null when it is over. */
	protected after(answer: OwnAnswer | null): number | null {
		if (answer !== null && !AGAIN.has(answer.state)) return null;
		return this.soon(answer?.retryAfterMs ?? null);
	}

	/** When it is due again where a task, or n8n, takes its time. */
	protected later(): number {
		this.looks += 1;
		this.faults = 0;
		return Date.now() + pauseMs(BETWEEN_LOOKS, this.looks);
	}

	private soon(retryAfterMs: number | null): number {
		this.faults += 1;
		return Date.now() + pauseMs(AFTER_FAULT, this.faults, retryAfterMs);
	}
}

/**
 * A client that outlives the execution. It holds all the data of it, so tasks may share one, kept
 * by the tasks that need it alone.
 */
export async function lastingClient(
	context: IExecuteFunctions,
	itemIndex: number,
	client: ApiClient,
): Promise<ApiClient> {
	noteInstance(context);
	const tasks = everythingDue().flatMap((due) => (due instanceof OwnCall ? due.tasks : []));
	const known = tasks.find((task) => task.client?.account === client.account);
	if (known?.client) return known.client;
	const opened = await openClient(withoutCancelling(context), itemIndex, client.paces);
	return opened instanceof Failure || opened.account !== client.account ? client : opened;
}
