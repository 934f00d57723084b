import type { ApiClient } from '../api/client';
import type { CreateInput } from '../api/schemas';
import type { RequestSummary, Task } from '../api/task';
import type { ResultSettings } from '../parameters/result';
import type { SpendingSettings } from '../parameters/spending';
import type { WaitSettings } from '../parameters/waiting';

/** One video that is still to be created, checked and ready to send. */
export interface Request {
	input: CreateInput;
	/** What stays the same when the item is tried again: signed image addresses do not. */
	imageIdentities: readonly string[];
	/** What the item will say of it. */
	summary: RequestSummary;
	/** Where the API reports the end of the task. */
	callbackUrl: string | null;
}

/** An item of a run that creates, with every setting that will be needed after paying. */
export interface Prepared {
	/** Speaks with the item's own credential. */
	client: ApiClient;
	/** Null where an earlier try has made a task already. */
	request: Request | null;
	/** The task of an earlier try. */
	task: Task | null;
	spending: SpendingSettings;
	result: ResultSettings;
	/** Null for an operation that does not wait. */
	wait: WaitSettings | null;
}
