import type { IExecuteFunctions } from 'n8n-workflow';

import { type ApiClient, openClient } from '../api/client';
import { Failure } from '../api/failure';
import { AFTER_FAULT, type Growth, pauseMs } from '../api/retry';
import type { Task } from '../api/task';
import { type Due, everythingDue } from '../n8n/dueWork';
import { withoutCancelling } from '../n8n/execution';
import { type OwnAnswer, postToSelf } from '../n8n/ownAddress';

/** Between looks at tasks: about 1, 2, 4, 8 … minutes, at most an hour. */
export const BETWEEN_LOOKS: Growth = { firstMs: 60_000, factor: 2, longestMs: 3_600_000 };

/** What our webhooks say when the same call may be answered otherwise later. */
const AGAIN = new Set(['open', 'unread', 'unusable']);

function isLastWord({ state, isGone }: OwnAnswer): boolean {
	return isGone || (state !== null && !AGAIN.has(state));
}

/**
 * The body of a call of this n8n to itself. What it says of the task is not believed, like that of any
 * callback; that it comes from here lets the webhook take its time.
 */
function ownBody(taskId: string): string {
	return JSON.stringify({ id: taskId, status: 'completed', from: 'n8n' });
}

/** What n8n offers to whatever outlives an execution. It holds all the data of that. */
export type Host = ApiClient['host'];

/** A call of this n8n to itself, made once all its tasks are over: looks on a schedule, then the call. */
export abstract class OwnCall implements Due {
	/** Nothing is left to be done: it was answered, or somebody else was faster. */
	isDone = false;

	private looks = 0;

	private faults = 0;

	constructor(
		/** Where to call; null where this process only remembers the tasks. */
		private readonly url: string | null,
		protected readonly taskId: string,
		public dueAt: number,
		public endsAt: number,
		readonly lane: string,
	) {}

	/** What it needs of n8n; null where it does not call. */
	protected abstract readonly host: Host | null;

	/** The tasks whose clients it keeps. */
	readonly tasks: readonly Task[] = [];

	/** Looks at the tasks. Gives one that is still open, or null when there is nothing to wait for. */
	protected async look(): Promise<Task | null> {
		return null;
	}

	/** What to tell the operator when this n8n cannot be reached at its own address. */
	protected abstract readonly unheard: string;

	abstract ended(isGivenUp: boolean): void;

	async run(): Promise<number | null> {
		const { host } = this;
		if (this.isDone || this.url === null || host === null) return null;
		const open = await this.look();
		// A callback may have come while the tasks were read.
		if (this.isDone) return null;
		if (open !== null) return this.nextLook(open);
		const answer = await postToSelf(host.httpRequest, this.url, this.body);
		if (this.isDone) return null;
		if (answer === null && this.faults === 0) host.logger.warn(this.unheard);
		return this.after(answer);
	}

	protected get body(): string {
		return ownBody(this.taskId);
	}

	/** When it is due again after what this n8n answered, null where n8n answered nowhere. */
	protected after(answer: OwnAnswer | null): number | null {
		if (answer !== null && isLastWord(answer)) return null;
		return this.soon(answer?.retryAfterMs ?? null);
	}

	private nextLook({ failure }: Task): number {
		return failure === null ? this.later() : this.soon(failure.detail.retryAfterMs);
	}

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
 * A client that outlives the execution, one for each account: it holds all the data of the execution
 * that it was opened in. It is kept by the tasks that need it, and by nothing else.
 */
export async function lastingClient(
	context: IExecuteFunctions,
	itemIndex: number,
	client: ApiClient,
): Promise<ApiClient> {
	const tasks = everythingDue().flatMap((due) => (due instanceof OwnCall ? due.tasks : []));
	const known = tasks.find((task) => task.client?.account === client.account);
	if (known?.client) return known.client;
	const opened = await openClient(withoutCancelling(context), itemIndex, client.paces);
	return opened instanceof Failure || opened.account !== client.account ? client : opened;
}
