import type { IDataObject } from 'n8n-workflow';
import { createHash } from 'node:crypto';

import type { ApiClient } from '../api/client';
import { ApiFailure } from '../api/failure';
import { Task } from '../api/task';
import { CancelledError } from '../n8n/async';
import { isRefunded, simplifyTask } from '../result/task';
import { type Entry, storedSchema } from './entry';
import { recallRetries, recallRun, rememberRun, type RunPlace } from './recentRuns';
import type { Request, Wanted } from './request';

/**
 * What a run of the node has created and paid, over all its tries. It is the only way to create.
 *
 * It is one list, kept in a context that n8n stores with the execution: in the node's own, and for
 * tools in the one that all nodes share. So it is there when n8n calls the node again (*Retry On
 * Fail*, an output that n8n takes for a failure) and, where n8n has stored it, for *Retry execution*
 * from the list: a new execution id with the context of the old. A loop's next turn has another run
 * index, and a new execution has an empty context: both create anew.
 */

const CONTEXT_KEY = 'klingCreated';

/** Which call of the node this is. */
export interface RunIdentity extends RunPlace {
	runIndex: number;
	/** A tool's equal requests are one video: n8n gives each try of a tool a run index of its own. */
	isTool: boolean;
	/** The node's parameters as they were written. */
	written: unknown;
}

/** Where each id goes the moment it is known. */
export interface JournalLog {
	sending(count: number): void;
	created(itemIndex: number, taskId: string): void;
	unclear(itemIndex: number): void;
}

function fingerprintOf(value: unknown): string {
	return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function fingerprint({ input: { prompt, duration, sound }, imageIdentities }: Wanted): string {
	return fingerprintOf([prompt, imageIdentities, duration, sound]);
}

/** What was read from each context, so that parallel calls of a tool write into one list. */
const live = new WeakMap<IDataObject, Entry[]>();

/** The requests that are under way, for a tool that is called again meanwhile. */
const underWay = new WeakMap<Entry, Promise<unknown>>();

export class Journal {
	private readonly entries: Entry[];

	/** What this process has created in all retries of the execution that this one retries. */
	private readonly ofRetries: Entry[];

	private readonly written: string;

	/** What a tool's call stands for: its own entries, and those that it goes on with. */
	private readonly ofThisCall = new Set<Entry>();

	/** @param store the context that n8n stores with the execution */
	constructor(
		private readonly store: IDataObject,
		private readonly run: RunIdentity,
		readonly log: JournalLog,
	) {
		const stored = live.get(store) ?? storedSchema.parse(store[CONTEXT_KEY]);
		// A loop's earlier turns are over. Each turn has a list of its own, which is remembered by itself.
		const mine = run.isTool ? stored : stored.filter(({ runIndex }) => runIndex === run.runIndex);
		this.entries = recallRun(run, mine);
		live.set(store, this.entries);
		this.ofRetries = recallRetries(run, store);
		this.written = fingerprintOf(run.written);
	}

	/**
	 * The entry of an item by its index alone, whatever its expressions give now: of an earlier try of this
	 * execution, or, where the node was not edited since, of the execution that this one retries.
	 */
	existing(itemIndex: number): Entry | null {
		if (this.run.isTool) return null;
		const entry = this.entryOf(itemIndex) ?? this.retriedEntryOf(itemIndex);
		if (entry === undefined) return null;
		const isSame = entry.executionId === this.run.executionId || entry.written === this.written;
		return isSame ? this.keep(entry) : null;
	}

	/**
	 * The entry of an item by its request, whichever retry made that; in a tool, of whichever call made that
	 * request.
	 */
	claim(itemIndex: number, wanted: Wanted): Entry | null {
		const request = fingerprint(wanted);
		const { isTool } = this.run;
		const own = isTool ? this.entries : [this.entryOf(itemIndex)].flatMap((entry) => entry ?? []);
		const entry = [...own, ...this.ofRetries].find(
			(other) =>
				other.state === 'standing' &&
				other.request === request &&
				(isTool || other.item === itemIndex),
		);
		if (entry === undefined) return null;
		if (!own.includes(entry)) this.replace(itemIndex);
		return this.keep(entry);
	}

	/**
	 * An entry's task, once what is under way for it has ended; or that nobody knows what came of it. Null
	 * for a tool where nothing stands any more: its request was refused, or its task has failed and the
	 * credits were given back.
	 */
	async taskOf(entry: Entry, client: ApiClient): Promise<Task | ApiFailure | null> {
		await underWay.get(entry);
		if (entry.state !== 'standing') {
			this.ofThisCall.delete(entry);
			return null;
		}
		const task = this.toTask(entry, client);
		if (task === null) return stillUnclear();
		if (!this.run.isTool) return task;
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
			const existing = this.existing(itemIndex) ?? this.claim(itemIndex, request);
			if (existing === null) break;
			const former = await this.taskOf(existing, client);
			if (former !== null) return former;
		}
		const entry = this.begin(itemIndex, request);
		const sending = this.send(entry, request, client);
		underWay.set(
			entry,
			sending.catch(() => undefined),
		);
		const failure = await sending;
		return failure ?? this.toTask(entry, client) ?? stillUnclear();
	}

	private async send(
		entry: Entry,
		{ input, callbackUrl }: Request,
		client: ApiClient,
	): Promise<ApiFailure | null> {
		const sent = await client.create(input, callbackUrl).catch((thrown: unknown) => {
			if (thrown instanceof CancelledError) this.forget(entry);
			else this.log.unclear(entry.item);
			throw thrown;
		});
		if (sent instanceof ApiFailure) {
			if (sent.detail.outcome === 'unclear') this.log.unclear(entry.item);
			else this.forget(entry);
			return sent;
		}
		entry.taskId = sent;
		entry.createdAt = Date.now();
		this.log.created(entry.item, sent);
		return null;
	}

	/** The credits of these tasks were given back: they stand for nothing, and a next try makes new ones. */
	refund(taskIds: readonly string[]): void {
		for (const entry of this.entries) {
			if (entry.taskId !== null && taskIds.includes(entry.taskId)) entry.state = 'refunded';
		}
	}

	taskIdOf(itemIndex: number): string | null {
		return this.entryOf(itemIndex)?.taskId ?? null;
	}

	/** Whether this call goes on with an entry; a *Retry* of it would, too. */
	goesOnWith(entry: Entry): boolean {
		return this.ofThisCall.has(entry);
	}

	/** All that this run has paid for, earlier tries included, in the order of the items. */
	paid(): Entry[] {
		return this.ofThisRun()
			.filter(({ state }) => state !== 'refunded')
			.sort((one, other) => one.item - other.item);
	}

	/** Those tasks of this run whose credits were given back. */
	refunded(): Entry[] {
		return this.ofThisRun().filter(({ state, taskId }) => state === 'refunded' && taskId !== null);
	}

	/** The estimated credits of all that this run has spent or may have spent. */
	spentCredits(): number {
		return this.paid().reduce((sum, { summary }) => sum + summary.estimatedCredits, 0);
	}

	private ofThisRun(): Entry[] {
		return this.run.isTool ? [...this.ofThisCall] : [...this.entries];
	}

	private entryOf(itemIndex: number, wanted: Entry['state'] = 'standing'): Entry | undefined {
		const mine = this.ofThisRun().filter(
			({ item, state }) => item === itemIndex && state === wanted,
		);
		return mine.at(-1);
	}

	/** What another retry has made for an item, where the node is as it was. */
	private retriedEntryOf(itemIndex: number): Entry | undefined {
		return this.ofRetries.find(
			({ item, state, written }) =>
				item === itemIndex && state === 'standing' && written === this.written,
		);
	}

	/** Another request stands for the item from now on. */
	private replace(itemIndex: number): void {
		const former = this.run.isTool ? undefined : this.entryOf(itemIndex);
		if (former !== undefined) former.state = 'replaced';
	}

	private begin(item: number, request: Request): Entry {
		this.replace(item);
		const { executionId, runIndex } = this.run;
		const entry: Entry = {
			runIndex,
			item,
			executionId,
			sentBy: executionId,
			request: fingerprint(request),
			written: this.written,
			taskId: null,
			createdAt: Date.now(),
			summary: request.summary,
			state: 'standing',
		};
		return this.keep(entry);
	}

	/** From now on it stands for this call of the node, and is stored with this execution. */
	private keep(entry: Entry): Entry {
		entry.executionId = this.run.executionId;
		for (const list of [this.entries, this.ofRetries]) if (!list.includes(entry)) list.push(entry);
		this.ofThisCall.add(entry);
		this.store[CONTEXT_KEY] = this.entries;
		rememberRun(this.run, this.entries);
		return entry;
	}

	/** It was not carried out: what it was to replace stands again. */
	private forget(entry: Entry): void {
		// Another call or retry may be waiting for it.
		entry.state = 'refunded';
		this.entries.splice(this.entries.indexOf(entry), 1);
		this.ofThisCall.delete(entry);
		const former = this.entryOf(entry.item, 'replaced');
		if (former !== undefined) former.state = 'standing';
	}

	private toTask({ taskId, createdAt, summary, sentBy }: Entry, client: ApiClient): Task | null {
		if (taskId === null) return null;
		const isOwn = sentBy === this.run.executionId;
		return new Task(taskId, client, isOwn ? createdAt : null, summary);
	}
}

/** What a model is told that asks for the same video again. */
const REPEATED =
	'This is the video of an earlier call with the same prompt and image. Change the prompt to get another one.';

/** A request that an earlier try has sent without learning what came of it. */
function stillUnclear(): ApiFailure {
	return new ApiFailure({
		call: 'create',
		kind: 'earlier',
		outcome: 'unclear',
		status: null,
		code: null,
		text: '',
		retryAfterMs: null,
	});
}
