import type { ApiClient } from '../api/client';
import { Failure, type Settled } from '../api/failure';
import type { CreateInput } from '../api/schemas';
import type { RequestSummary, Task } from '../api/task';
import type { ImageSettings } from '../parameters/images';
import type { ResultSettings } from '../parameters/result';
import type { SpendingSettings } from '../parameters/spending';
import type { WaitSettings } from '../parameters/waiting';

/** What makes two requests the same. */
export interface Wanted {
	input: CreateInput;
	/** What stays the same when the item is tried again: signed image addresses do not. */
	imageIdentities: readonly string[];
}

/** One video that is still to be created, checked and ready to send. */
export interface Request extends Wanted {
	summary: RequestSummary;
	callbackUrl: string | null;
}

/** An item of a run that creates, with every setting that will be needed after paying. */
interface Item {
	client: ApiClient;
	spending: SpendingSettings;
	result: ResultSettings;
	/** Null for an operation that does not wait. */
	wait: WaitSettings | null;
}

/** An item whose task is paid for. */
export type Created = Item & { task: Task };

/** An item that has to be paid for. */
export type ToBuy = Item & {
	task: null;
	request: Request;
	imageSettings: ImageSettings;
	/** The credits of its account, once that was asked. */
	balance?: number;
};

/** An item before anything is sent: an earlier try may have made its task already. */
export type Prepared = ToBuy | Created;

export function isToBuy(item: Settled<Prepared>): item is ToBuy {
	return !(item instanceof Failure) && item.task === null;
}
