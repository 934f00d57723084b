import type { IDataObject } from 'n8n-workflow';
import { createHash } from 'node:crypto';

import type { ApiClient } from '../api/client';
import { ApiFailure } from '../api/failure';
import type { CreateInput } from '../api/schemas';
import { type RequestSummary, Task } from '../api/task';
import { CancelledError } from '../n8n/async';
import { isRefunded, simplifyTask } from '../result/task';
import { CREATED_KEY, type Entry, readEntries } from './entry';
import { recall, recallRetries, remember } from './recentRuns';

/** What makes two requests the same. */
interface Wanted {
	input: CreateInput;
	/** What stays the same when the item is tried again: signed image addresses do not. */
	imageIdentities: readonly string[];
}

/** One video that is still to be created, checked and ready to send. */
export interface Request extends Wanted {
	summary: RequestSummary;
	callbackUrl: string | null;
}

/** Which call of the node this is. */
export interface RunIdentity extends Pick<Entry, 'executionId' | 'node' | 'runIndex' | 'written'> {
	/** False where n8n cannot have begun this execution before, so that nothing needs to be remembered. */
	isRemembered: boolean;
}

/** Writes to n8n's log, where each id goes the moment it is known. */
export type JournalLog = (level: 'info' | 'warn', text: string, itemIndex?: number) => void;

/** What is stored of the parameters of a node, or of a request, to know the same again. */
export function fingerprint(parts: unknown[]): string {
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function fingerprintOf({ input: { prompt, duration, sound }, imageIdentities }: Wanted): string {
	return fingerprint([prompt, imageIdentities, duration, sound]);
}

/** What was read from each context, so that parallel calls of a tool write into one list. */
const live = new WeakMap<IDataObject, Entry[]>();

/** The requests that are under way, for whoever asks for the same meanwhile. */
const underWay = new WeakMap<Entry, Promise<unknown>>();

/**
 * What a run of the node has created and paid, over all its tries. It is the only way to create.
 *
 * n8n stores it with the execution. So it is there when n8n calls the node again (*Retry On Fail*, an
 * output that n8n takes for a failure) and, as far as it was stored, for *Retry execution*: a new
 * execution id with the context of the old. A loop's next turn has another run index, and a new execution
 * an empty context: both create anew.
 */
export class Journal {
	/** What the execution has created, in any of its nodes. */
	private readonly entries: Entry[];

	/** What this process has created in all retries of the execution that this one retries. */
	private readonly ofRetries: Entry[];

	/** What this call stands for: its own entries, and those that it goes on with. */
	private readonly ofThisCall = new Set<Entry>();

	private readonly isTool: boolean;

	/** @param store the context that all nodes of the execution share */
	constructor(
		private readonly store: IDataObject,
		private readonly run: RunIdentity,
		readonly log: JournalLog,
	) {
		const { executionId, isRemembered } = run;
		const stored = live.get(store) ?? readEntries(store);
		this.entries = isRemembered ? recall(executionId, stored) : stored;
		live.set(store, this.entries);
		this.ofRetries = isRemembered ? recallRetries(executionId, store) : [];
		this.isTool = run.node === null;
		// What is stored may be from before another retry found out.
		this.refund(this.ofRetries.flatMap((one) => (one.isRefunded ? (one.taskId ?? []) : [])));
	}

	/**
	 * The entry of an item. In the same execution, and in a *Retry* where the node was not edited since, its
	 * index alone tells, whatever its expressions give now; else its request, where that is known. For a tool
	 * the request alone does, whichever call made it.
	 */
	find(itemIndex: number, wanted: Wanted | null): Entry | null {
		const request = wanted === null ? null : fingerprintOf(wanted);
		const entry = [...this.ofRetries, ...this.entries].findLast(
			(other) =>
				!other.isRefunded &&
				this.isOfNode(other) &&
				(this.isTool || other.item === itemIndex) &&
				(other.request === request || (!this.isTool && this.goesOnWith(other))),
		);
		return entry === undefined ? null : this.keep(entry);
	}

	/** Whether a try of this run, or a *Retry* of its execution, takes the entry's item as done. */
	goesOnWith({ executionId, written }: Entry): boolean {
		return executionId === this.run.executionId || written === this.run.written;
	}

	/**
	 * An entry's task, once what is under way for it has ended; or that nobody knows what came of it. Null
	 * where it stands for nothing any more. For a tool the task is read: it may have failed since.
	 */
	async taskOf(entry: Entry, client: ApiClient): Promise<Task | ApiFailure | null> {
		await underWay.get(entry);
		if (entry.isRefunded) return null;
		const task = this.toTask(entry, client);
		if (task instanceof ApiFailure || !this.isTool) return task;
		await task.read();
		const failure = task.reading === null ? null : simplifyTask(task.reading.task).failure;
		if (failure !== null && isRefunded(failure)) {
			this.refund([task.id]);
			return null;
		}
		task.note = REPEATED;
		return task;
	}

	/**
	 * Creates a task for the item. An outcome that is unclear stands from then on.
	 *
	 * @throws {CancelledError} when nothing was sent before the execution was cancelled
	 */
	async create(itemIndex: number, request: Request, client: ApiClient): Promise<Task | ApiFailure> {
		// What was waited for may have come to nothing, and another call may have begun since.
		for (;;) {
			const existing = this.find(itemIndex, request);
			if (existing === null) break;
			const former = await this.taskOf(existing, client);
			if (former !== null) return former;
		}
		const { executionId, node, runIndex, written } = this.run;
		const entry = this.keep({
			node,
			runIndex,
			item: itemIndex,
			executionId,
			sentBy: executionId,
			written,
			request: fingerprintOf(request),
			taskId: null,
			createdAt: Date.now(),
			summary: request.summary,
			isRefunded: false,
		});
		const sending = this.send(entry, request, client);
		underWay.set(
			entry,
			sending.catch(() => undefined),
		);
		return await sending;
	}

	private async send(
		entry: Entry,
		{ input, callbackUrl }: Request,
		client: ApiClient,
	): Promise<Task | ApiFailure> {
		const sent = await client.create(input, callbackUrl).catch((thrown: unknown) => {
			this.settle(entry, thrown instanceof CancelledError);
			throw thrown;
		});
		if (sent instanceof ApiFailure) {
			this.settle(entry, sent.detail.outcome !== 'unclear');
			return sent;
		}
		entry.taskId = sent;
		entry.createdAt = Date.now();
		this.log('info', `Kling video created: task ${sent}`, entry.item);
		return this.toTask(entry, client);
	}

	/** @param isRefused whether it was certainly not carried out */
	private settle(entry: Entry, isRefused: boolean): void {
		entry.isRefunded = isRefused;
		const text = 'Kling video may have been created and charged, without an answer';
		if (!isRefused) this.log('warn', text, entry.item);
	}

	/** The credits of these tasks were given back: they stand for nothing, and a next try makes new ones. */
	refund(taskIds: readonly string[]): void {
		for (const entry of [...this.entries, ...this.ofRetries]) {
			if (taskIds.includes(entry.taskId ?? '')) entry.isRefunded = true;
		}
	}

	taskIdOf(itemIndex: number): string | null {
		const isMeant = ({ item, isRefunded }: Entry) => item === itemIndex && !isRefunded;
		return this.ofThisRun().findLast(isMeant)?.taskId ?? null;
	}

	/** All that this run has paid for, or may have, earlier tries included, in the order of the items. */
	paid(): Entry[] {
		return this.ofThisRun()
			.filter(({ isRefunded }) => !isRefunded)
			.sort((one, other) => one.item - other.item);
	}

	/** Those tasks of this run whose credits were given back. */
	refunded(): Entry[] {
		return this.ofThisRun().filter(({ isRefunded, taskId }) => isRefunded && taskId !== null);
	}

	/** For a tool that is this call, since n8n gives each try a run index of its own. */
	private ofThisRun(): Entry[] {
		return this.isTool
			? [...this.ofThisCall]
			: this.entries.filter((entry) => this.isOfNode(entry));
	}

	private isOfNode({ node, runIndex }: Entry): boolean {
		return node === this.run.node && (this.isTool || runIndex === this.run.runIndex);
	}

	/** From now on it stands for this call of the node, and is stored with this execution. */
	private keep(entry: Entry): Entry {
		const { executionId, isRemembered } = this.run;
		entry.executionId = executionId;
		for (const list of [this.entries, this.ofRetries]) {
			if (list.includes(entry)) list.splice(list.indexOf(entry), 1);
			list.push(entry);
		}
		this.ofThisCall.add(entry);
		this.store[CREATED_KEY] = this.entries;
		if (isRemembered) remember(executionId, this.entries);
		return entry;
	}

	private toTask({ taskId, sentBy, ...entry }: Entry, client: ApiClient): Task | ApiFailure {
		if (taskId === null) {
			return new ApiFailure({ call: 'create', kind: 'earlier' });
		}
		const createdAt = sentBy === this.run.executionId ? entry.createdAt : null;
		return new Task(taskId, client, createdAt, entry.summary);
	}
}

/** What a model is told that asks for the same video again. */
const REPEATED =
	'This is the video of an earlier call with the same prompt and image. Change the prompt to get another one.';
