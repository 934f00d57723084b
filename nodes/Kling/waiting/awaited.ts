import type { Task } from '../api/task';
import type { ResultSettings } from '../parameters/result';
import type { WaitSettings } from '../parameters/waiting';

/** One item of a wait. */
export interface Awaited {
	task: Task;
	/** How the finished task is passed on. */
	result: ResultSettings;
	/** What the item itself says; null where it says nothing. */
	wait: WaitSettings | null;
}
