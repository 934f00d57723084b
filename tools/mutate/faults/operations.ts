import type { PlantedFault } from '../fault';

export const IN_OPERATIONS: readonly PlantedFault[] = [
	{
		file: 'operations/create.ts',
		find: 'await stayAwake(context);',
		replace: 'void stayAwake;',
		breaks: 'Create keeps an execution that has slept awake, for what sleeps behind it',
		noticedBy: 'unit/asleep: awake in a Create',
	},
	{
		file: 'operations/create.ts',
		find: 'valuesOf(created).every(',
		replace: 'valuesOf(created).some(',
		breaks: 'a run sleeps only where each of its tasks wakes it',
		noticedBy: 'node/money: does not sleep where',
	},
	{
		file: 'operations/run.ts',
		find: ' && !(one instanceof Unreached)',
		replace: '',
		breaks: 'a run ends with the item that failed, not with one that was not come to',
		noticedBy: 'unit/run: ends with the first item',
	},
	{
		file: 'operations/run.ts',
		find: 'journal.refund(refundedOf(context, outcomes));',
		replace: '',
		breaks: 'a failed task that ended the run is made anew by the next try',
		noticedBy: 'unit/run: whose credits came back',
	},
	{
		file: 'operations/run.ts',
		find: "['prompt', ",
		replace: '[',
		breaks: 'Retry of a node whose prompt was edited makes another video',
		noticedBy: 'node/money: names a replaced task apart',
	},
	{
		file: 'operations/run.ts',
		find: 'if (isSuspended(context)) return nothingYet;',
		replace: "if (isSuspended(context)) context.logger.info('');",
		breaks: 'a node that n8n calls again while its execution sleeps does nothing',
		noticedBy: 'unit/run: again while its execution sleeps',
	},
	{
		file: 'operations/wait.ts',
		find: 'valuesOf(items).every(',
		replace: 'valuesOf(items).some(',
		breaks: 'Wait sleeps by itself only where each callback wakes its execution',
		noticedBy: 'node/storedData: which is not called for one',
	},
	{
		file: 'operations/wait.ts',
		find: 'entry?.executionIds[0] === context.getExecutionId()',
		replace: 'entry !== undefined',
		breaks: 'a Retry does not sleep for a callback that wakes another execution',
		noticedBy: 'node/storedData: of a Retry: the callback wakes',
	},
	{
		file: 'operations/wait.ts',
		find: 'journal.entryOf(read.taskId)?.createdAt',
		replace: 'journal.entryOf(context.getExecutionId())?.createdAt',
		breaks: 'Wait knows when this execution created its task',
		noticedBy: 'node/storedData: when its task was created',
	},
];
