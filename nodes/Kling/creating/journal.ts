import type { IDataObject } from 'n8n-workflow';
import { createHash } from 'node:crypto';
import { z } from 'zod';

import { ApiFailure, failureAsValue, type FailureDetail } from '../api/failure';
import { DURATIONS_SECONDS, type DurationSeconds } from '../api/pricing';
import type { CreateInput } from '../api/schemas';
import { CALLBACK_KINDS, type CallbackTarget } from '../callback/target';
import { CancelledError } from '../n8n/async';

/**
 * What a run of the node has created and paid, over all its tries. It is the only way to create.
 *
 * It is kept in the node's context, which n8n stores with the execution. So it is there when n8n
 * calls the node again (*Retry On Fail*, an output that n8n takes for a failure) and, where n8n has
 * stored it, for *Retry execution* from the list: a new execution id with the context of the old. A
 * loop's next turn has another run index, and a new execution has an empty context: both create anew.
 */

const CONTEXT_KEY = 'klingCreated';

const entrySchema = z.object({
	/** The fingerprint of the request. */
	request: z.string(),
	/** Null while it is unclear whether a task came to be. */
	taskId: z.string().nullable(),
	/** The execution in which the entry stands: the one that sent the request, or took it over. */
	executionId: z.string(),
	callback: z.enum(CALLBACK_KINDS),
	callbackUrl: z.string().optional(),
	/** Older versions did not note what follows. */
	credits: z.number().optional(),
	duration: z
		.custom<DurationSeconds>((value) => DURATIONS_SECONDS.some((one) => one === value))
		.optional(),
	sound: z.boolean().optional(),
});

type Entry = z.infer<typeof entrySchema>;

const entriesSchema = z.record(entrySchema);

/** A task that its item no longer stands for, since its request was changed before a retry. */
const replacedSchema = z.object({ taskId: z.string(), credits: z.number() });

/** One call of the node as a tool of an AI Agent. */
const callSchema = z.object({
	executionId: z.string(),
	/** Whether the call ended without its video, so that the next one may be its second try. */
	failed: z.boolean(),
	items: entriesSchema,
});

type Call = z.infer<typeof callSchema>;

const storedSchema = z
	.object({
		runIndex: z.number(),
		/** By item index. */
		items: entriesSchema,
		replaced: z.array(replacedSchema).default([]),
		calls: z.array(callSchema).default([]),
	})
	// A new one each time, since it is written to.
	.catch(() => ({ runIndex: -1, items: {}, replaced: [], calls: [] }));

type Stored = z.infer<typeof storedSchema>;

/** What makes two requests the same, what they cost, and where the task's end is reported. */
export interface JournalRequest extends CallbackTarget {
	input: CreateInput;
	imageIdentities: readonly string[];
	estimatedCredits: number;
}

/** A task that an earlier try has created, and what it was created with. */
export interface JournalTask extends CallbackTarget {
	taskId: string;
	estimatedCredits: number;
	duration: DurationSeconds;
	sound: boolean;
}

/** What an earlier try has left for an item. */
export type Earlier =
	| { kind: 'created'; task: JournalTask }
	/** A request was sent, and nobody knows what came of it. It must not be sent again. */
	| { kind: 'unclear' };

/** Which call of the node this is. */
export interface RunIdentity {
	executionId: string;
	runIndex: number;
	/** n8n gives each try of a tool a run index of its own, and parallel calls may share one. */
	isTool: boolean;
}

/** Where each id goes the moment it is known. */
export interface JournalLog {
	created(itemIndex: number, taskId: string): void;
	unclear(itemIndex: number): void;
}

/** The tasks of a run. */
export interface CreatedIds {
	/** Those that their items stand for, in the order of the items. */
	taskIds: string[];
	/** Those whose item has another by now, since its request was changed before a retry. */
	replacedIds: string[];
}

export interface Journal {
	/**
	 * What an earlier try of this very execution and run has made of the item. It stands, whatever
	 * the item's expressions give now. Null when nothing was created for it, or when older data do
	 * not say all.
	 */
	standing(itemIndex: number): Earlier | null;
	/**
	 * What an earlier try has made of the same request: one of another execution, or a failed call of
	 * the same tool. It then stands for this item.
	 */
	takeOver(itemIndex: number, request: JournalRequest): Earlier | null;
	/**
	 * Creates a task for the item, unless one stands for it: then nothing is sent.
	 *
	 * @param send resolves with the new task's id
	 * @returns the task's id, or why there is none; an outcome that is unclear stands from then on
	 * @throws {CancelledError} when `send` does, because nothing was sent before the execution was
	 *   cancelled
	 */
	create(
		itemIndex: number,
		request: JournalRequest,
		send: () => Promise<string>,
	): Promise<string | ApiFailure>;
	/** The task that stands for an item. */
	taskIdOf(itemIndex: number): string | null;
	/** Every task of this run, earlier tries included. */
	created(): CreatedIds;
	/** Whether this run may have spent anything: on a task, or on a request that is unclear. */
	hasSpent(): boolean;
	/** The estimated credits of all that this run has spent or may have spent. */
	spentCredits(): number;
	/** To be called at the end of each call of the node: whether it failed, for any item. */
	end(failed: boolean): void;
}

/**
 * The same for equal requests. The callback is left out, and so are signed image addresses: a
 * retried execution has others.
 */
function fingerprint({ input, imageIdentities }: JournalRequest): string {
	const parts = [input.prompt, imageIdentities, input.duration, input.sound];
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** A request that an earlier try has sent without learning what came of it. */
export function stillUnclear(): ApiFailure {
	return new ApiFailure({ ...NO_ANSWER, call: 'create', outcome: 'unclear' });
}

const NO_ANSWER: Pick<FailureDetail, 'kind' | 'status' | 'code' | 'text' | 'retryAfterMs'> = {
	kind: 'earlier',
	status: null,
	code: null,
	text: '',
	retryAfterMs: null,
};

/** What was read from each node context, so that parallel calls of a tool write into one object. */
const live = new WeakMap<IDataObject, Stored>();

function open(store: IDataObject): Stored {
	const known = live.get(store);
	if (known !== undefined) return known;
	const stored = storedSchema.parse(store[CONTEXT_KEY]);
	live.set(store, stored);
	return stored;
}

function entryOf(run: RunIdentity, request: JournalRequest): Entry {
	const { callback, callbackUrl, estimatedCredits, input } = request;
	return {
		request: fingerprint(request),
		taskId: null,
		executionId: run.executionId,
		callback,
		callbackUrl: callbackUrl ?? undefined,
		credits: estimatedCredits,
		duration: input.duration,
		sound: input.sound,
	};
}

/** What an entry says of its item; null where an older version did not note all of it. */
function earlierOf(entry: Entry): Earlier | null {
	const { taskId, callback, credits, duration, sound } = entry;
	const callbackUrl = entry.callbackUrl ?? null;
	if (taskId === null) return { kind: 'unclear' };
	if (credits === undefined || duration === undefined || sound === undefined) return null;
	const task = { taskId, callback, callbackUrl, estimatedCredits: credits, duration, sound };
	return { kind: 'created', task };
}

/** The same for an entry that stands for this request. */
function completed(entry: Entry, { estimatedCredits, input }: JournalRequest): Earlier {
	entry.credits ??= estimatedCredits;
	entry.duration ??= input.duration;
	entry.sound ??= input.sound;
	return earlierOf(entry) ?? { kind: 'unclear' };
}

/** The entries of one call of the node, and what its tries share. */
interface Ledger {
	items: Record<string, Entry>;
	replaced: Stored['replaced'];
	/** Has n8n store what is written to `items` and `replaced`. */
	keep(): void;
	takeOver(itemIndex: number, request: JournalRequest): Earlier | null;
	end(failed: boolean): void;
}

function openRun(store: IDataObject, stored: Stored, run: RunIdentity): Ledger {
	const continues = stored.runIndex === run.runIndex;
	const items = continues ? stored.items : {};
	const replaced = continues ? stored.replaced : [];
	const keep = () => {
		stored.runIndex = run.runIndex;
		stored.items = items;
		stored.replaced = replaced;
		store[CONTEXT_KEY] = stored;
	};
	return {
		items,
		replaced,
		keep,
		takeOver: (itemIndex, request) => {
			const entry = items[itemIndex];
			if (entry === undefined) return null;
			const stands = entry.executionId === run.executionId;
			const isSame = entry.taskId !== null && entry.request === fingerprint(request);
			if (!stands && !isSame) return null;
			entry.executionId = run.executionId;
			keep();
			return completed(entry, request);
		},
		end: () => {},
	};
}

function openCall(store: IDataObject, stored: Stored, run: RunIdentity): Ledger {
	const call: Call = { executionId: run.executionId, failed: false, items: {} };
	const keep = () => {
		if (!stored.calls.includes(call)) stored.calls.push(call);
		store[CONTEXT_KEY] = stored;
	};
	const mayBeRepeated = ({ executionId, failed }: Call, { taskId }: Entry) =>
		executionId === run.executionId ? failed : taskId !== null;

	return {
		items: call.items,
		replaced: [],
		keep,
		takeOver: (itemIndex, request) => {
			const wanted = fingerprint(request);
			const candidates = stored.calls.flatMap((other) =>
				Object.entries(other.items)
					.filter(([, entry]) => other !== call && entry.request === wanted)
					.filter(([, entry]) => mayBeRepeated(other, entry))
					.map(([key, entry]) => ({ other, key, entry })),
			);
			const found = candidates.find(({ entry }) => entry.taskId !== null) ?? candidates[0];
			if (found === undefined) return null;
			delete found.other.items[found.key];
			const entry = { ...found.entry, executionId: run.executionId };
			call.items[itemIndex] = entry;
			keep();
			return completed(entry, request);
		},
		end: (failed) => {
			call.failed = failed;
		},
	};
}

/** Older versions wrote the calls of a tool as runs. */
function withCallsOfOlderVersions(stored: Stored): void {
	const [first] = Object.values(stored.items);
	if (first === undefined) return;
	stored.calls.push({ executionId: first.executionId, failed: true, items: stored.items });
	stored.items = {};
}

/**
 * The journal of the call of the node that is being executed. Nothing is written before something is
 * sent or taken over.
 *
 * @param store the node's context, which n8n stores with the execution
 */
export function openJournal(store: IDataObject, run: RunIdentity, log: JournalLog): Journal {
	const stored = open(store);
	if (run.isTool) withCallsOfOlderVersions(stored);
	const ledger = run.isTool ? openCall(store, stored, run) : openRun(store, stored, run);
	const { items, replaced, keep } = ledger;

	const standingEntry = (itemIndex: number): Entry | null => {
		const entry = items[itemIndex];
		return entry?.executionId === run.executionId ? entry : null;
	};

	const begin = (itemIndex: number, request: JournalRequest): Entry => {
		const former = items[itemIndex];
		if (former !== undefined && former.taskId !== null) {
			replaced.push({ taskId: former.taskId, credits: former.credits ?? 0 });
		}
		const entry = entryOf(run, request);
		items[itemIndex] = entry;
		keep();
		return entry;
	};

	return {
		standing: (itemIndex) => {
			const entry = standingEntry(itemIndex);
			return entry === null ? null : earlierOf(entry);
		},
		takeOver: ledger.takeOver,
		create: async (itemIndex, request, send) => {
			const standing = standingEntry(itemIndex);
			if (standing !== null) return standing.taskId ?? stillUnclear();
			const entry = begin(itemIndex, request);
			const sent = await failureAsValue(send()).catch((thrown: unknown) => {
				if (thrown instanceof CancelledError) delete items[itemIndex];
				else log.unclear(itemIndex);
				throw thrown;
			});
			if (!(sent instanceof ApiFailure)) {
				entry.taskId = sent;
				log.created(itemIndex, sent);
			} else if (sent.detail.outcome === 'unclear') log.unclear(itemIndex);
			else delete items[itemIndex];
			return sent;
		},
		taskIdOf: (itemIndex) => items[itemIndex]?.taskId ?? null,
		created: () => ({
			taskIds: Object.values(items).flatMap(({ taskId }) => taskId ?? []),
			replacedIds: replaced.map(({ taskId }) => taskId),
		}),
		hasSpent: () => replaced.length > 0 || Object.keys(items).length > 0,
		spentCredits: () => {
			const counts = ({ taskId, executionId }: Entry) =>
				taskId !== null || executionId === run.executionId;
			const spent = [...replaced, ...Object.values(items).filter(counts)];
			return spent.reduce((sum, { credits = 0 }) => sum + credits, 0);
		},
		end: ledger.end,
	};
}

/** A journal of nothing, for a run that creates nothing. */
export function emptyJournal(): Journal {
	const log: JournalLog = { created: () => {}, unclear: () => {} };
	return openJournal({}, { executionId: '', runIndex: 0, isTool: false }, log);
}
