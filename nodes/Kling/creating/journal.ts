import type { IDataObject } from 'n8n-workflow';
import { createHash, randomUUID } from 'node:crypto';

import type { ApiClient } from '../api/client';
import { ApiFailure } from '../api/failure';
import type { CreateInput } from '../api/schemas';
import { type RequestSummary, Task } from '../api/task';
import { CancelledError } from '../n8n/async';
import { isRefunded, simplifyTask } from '../result/task';
import { CREATED_KEY, entriesOf, type Entry } from './entries';

/** One video that is still to be created, checked and ready to send. */
export interface Request {
	input: CreateInput;
	/** Two requests with the same one are the same. */
	fingerprint: string;
	summary: RequestSummary;
	callbackUrl: string | null;
}

/** Which call of the node this is. */
export interface RunIdentity extends Pick<Entry, 'node' | 'runIndex'> {
	/** Empty where n8n gives none. */
	executionId: string;
	/** What {@link Entry.written} is for an item. */
	writtenOf(itemIndex: number): string;
	/** False where n8n cannot have begun this execution before: then its id alone says nothing. */
	isRemembered: boolean;
}

/** Writes to n8n's log, where each id goes the moment it is known. */
export type JournalLog = (level: 'info' | 'warn', text: string, itemIndex?: number) => void;

/** What is stored of parameters or a request, to know the same again. */
export function fingerprintOf(parts: unknown[]): string {
	// An item may hold what JSON cannot.
	const text = JSON.stringify(parts, (_, value: unknown) =>
		typeof value === 'bigint' ? String(value) : value,
	);
	return createHash('sha256').update(text).digest('hex');
}

/** For whoever asks for the same while a request is under way. */
const underWay = new WeakMap<Entry, Promise<unknown>>();

/**
 * What a run of the node has created and paid, over all its tries. It is the only way to create.
 *
 * It is there when n8n calls the node again (*Retry On Fail*, an output that n8n takes for a failure) and,
 * as far as n8n has stored it or this process remembers it, for *Retry execution*. A loop's next turn has
 * another run index, and a new execution an empty context: both create anew.
 */
export class Journal {
	/** Of all nodes. */
	private readonly entries: Entry[];

	/** What this call stands for: its own entries, and those that it goes on with. */
	private readonly ofThisCall = new Set<Entry>();

	private readonly isTool: boolean;

	constructor(
		private readonly store: IDataObject,
		private readonly run: RunIdentity,
		readonly log: JournalLog,
	) {
		this.entries = entriesOf(store, run.isRemembered ? run.executionId : '');
		this.isTool = run.node === null;
	}

	/**
	 * The entry of an item. In the same execution, and in a *Retry* where node and input are the same, its
	 * index alone tells, whatever its expressions give now; else its request, where that is known. For a tool
	 * the request alone does, whichever call made it.
	 */
	find(itemIndex: number, request: string | null): Entry | null {
		const found = this.entries.filter(
			(entry) =>
				!entry.isRefunded &&
				this.isOfNode(entry) &&
				(this.isTool || entry.item === itemIndex) &&
				(entry.request === request || this.goesOnWith(entry)),
		);
		const entry = this.lastOf(found);
		return entry === undefined ? null : this.keep(entry);
	}

	/** Whether a try of this run, or a *Retry* of its execution, takes the entry's item as done. */
	goesOnWith({ executionIds, written, item }: Entry): boolean {
		if (this.isTool) return false;
		return executionIds.includes(this.run.executionId) || written === this.run.writtenOf(item);
	}

	/**
	 * Waits for the item's create under way. Gives its task, a failure if the outcome is unknown, or null
	 * for none. A tool's task is read again: it may have failed since.
	 */
	async existing(
		itemIndex: number,
		request: string | null,
		client: ApiClient,
	): Promise<Task | ApiFailure | null> {
		for (;;) {
			const entry = this.find(itemIndex, request);
			if (entry === null) return null;
			await underWay.get(entry)?.catch(() => undefined);
			const task = this.toTask(entry, client);
			if (this.isTool && task instanceof Task) await this.readAgain(task);
			if (!entry.isRefunded) return task;
		}
	}

	private async readAgain(task: Task): Promise<void> {
		await task.read();
		const failure = task.reading === null ? null : simplifyTask(task.reading.task).failure;
		if (failure !== null && isRefunded(failure)) this.refund([task.id]);
		task.note = REPEATED;
	}

	/** Creates a task for the item. Throws `CancelledError` where nothing was sent before the execution was cancelled. */
	async create(itemIndex: number, request: Request, client: ApiClient): Promise<Task | ApiFailure> {
		// Another call may begin while this one waits, so nothing comes between the last look and the entry.
		while (this.find(itemIndex, request.fingerprint) !== null) {
			const existing = await this.existing(itemIndex, request.fingerprint, client);
			if (existing !== null) return existing;
		}
		const { executionId, node, runIndex, writtenOf } = this.run;
		const entry: Entry = {
			id: randomUUID(),
			node,
			runIndex,
			written: writtenOf(itemIndex),
			item: itemIndex,
			executionIds: [executionId],
			request: request.fingerprint,
			taskId: null,
			createdAt: Date.now(),
			summary: request.summary,
			isRefunded: false,
		};
		this.entries.push(entry);
		const sending = this.send(this.keep(entry), request, client);
		underWay.set(entry, sending);
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

	private settle(entry: Entry, wasCertainlyNotCarriedOut: boolean): void {
		entry.isRefunded = wasCertainlyNotCarriedOut;
		const text = 'Kling video may have been created and charged, without an answer';
		if (!wasCertainlyNotCarriedOut) this.log('warn', text, entry.item);
	}

	/** The credits of these tasks were given back: a next try makes new ones. */
	refund(taskIds: readonly string[]): void {
		for (const entry of this.entries) {
			if (taskIds.includes(entry.taskId ?? '')) entry.isRefunded = true;
		}
	}

	/** Of a task that any node of the execution has created. */
	entryOf(taskId: string): Entry | undefined {
		return this.entries.find((entry) => entry.taskId === taskId);
	}

	taskIdOf(itemIndex: number): string | null {
		return this.lastOf(this.paid().filter(({ item }) => item === itemIndex))?.taskId ?? null;
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

	/** Of several the last stands, but what this execution goes on with before what another retry has made. */
	private lastOf(entries: Entry[]): Entry | undefined {
		const isOwn = ({ executionIds }: Entry) => executionIds.includes(this.run.executionId);
		return entries.findLast(isOwn) ?? entries.at(-1);
	}

	/** It stands for this call of the node from now on, and is stored with this execution. */
	private keep(entry: Entry): Entry {
		const { executionId } = this.run;
		if (!entry.executionIds.includes(executionId)) entry.executionIds.push(executionId);
		this.ofThisCall.add(entry);
		this.store[CREATED_KEY] = this.entries;
		return entry;
	}

	private toTask({ taskId, executionIds, ...entry }: Entry, client: ApiClient): Task | ApiFailure {
		if (taskId === null) return new ApiFailure({ call: 'create', kind: 'earlier' });
		// Its callback wakes the execution that sent it.
		const createdAt = executionIds[0] === this.run.executionId ? entry.createdAt : null;
		return new Task(taskId, client, createdAt, entry.summary);
	}
}

/** What a model is told that asks for the same video again. */
const REPEATED =
	'This is the video of an earlier call with the same prompt and image. Change the prompt to get another one.';
